using RpiAgent.Agent.Boot.Card;
using RpiAgent.Agent.NodeConfig;
using Xunit;

namespace RpiAgent.Tests.Integration.Cards;

/// <summary>A card's words made true in a folder that stands for the Pi's root.</summary>
public sealed class CardConfigurationTests : IDisposable
{
    private readonly CardBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task An_address_from_which_no_coordinator_is_found_is_taken_back_in_time_and_told()
    {
        CardSettings card = new()
        {
            AuthorityDigest = new string('a', 64),
            Addresses = [AddressWish.Static("eth0", "192.168.77.9/24", "192.168.77.1", [])],
        };
        CardOutcome outcome = await _bench.Configuration.ApplyAsync(card, CancellationToken.None, TestContext.Current.CancellationToken)
            .WaitAsync(TimeSpan.FromSeconds(CardBench.ConfirmSeconds + 10), TestContext.Current.CancellationToken);
        Assert.Contains("did not confirm", Assert.Single(outcome.Problems), StringComparison.Ordinal);
        Assert.Equal(CardBench.Interfaces, _bench.Get("/etc/network/interfaces"));
    }

    [Fact]
    public async Task A_card_that_has_changed_meanwhile_costs_no_address()
    {
        CardSettings card = new() { Hostname = "attic", Addresses = [AddressWish.Static("eth0", "192.168.77.9/24", "192.168.77.1", [])] };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _bench.Configuration.ApplyAsync(card, new CancellationToken(canceled: true), TestContext.Current.CancellationToken));
        Assert.Equal("attic\n", _bench.Get("/etc/hostname"));
        Assert.Equal(CardBench.Interfaces, _bench.Get("/etc/network/interfaces"));
    }

    [Fact]
    public async Task Time_zone_time_servers_and_an_address_without_anybody_to_ask_are_done()
    {
        _bench.Put("/usr/share/zoneinfo/Europe/Berlin", "TZif2");
        _bench.Put("/etc/timezone", "Etc/UTC\n");
        _bench.Put("/usr/lib/systemd/system/systemd-timesyncd.service", "");
        CardSettings card = new()
        {
            Addresses = [AddressWish.Static("eth0", "192.168.77.9/24", "192.168.77.1", [])],
            TimeZone = "Europe/Berlin",
            TimeServers = ["de.pool.ntp.org", "192.168.1.1"],
        };
        Assert.Empty((await _bench.Configuration.ApplyAsync(card, CancellationToken.None, TestContext.Current.CancellationToken)).Problems);
        Assert.Contains("address 192.168.77.9", _bench.Get("/etc/network/interfaces"), StringComparison.Ordinal);
        Assert.Equal("/usr/share/zoneinfo/Europe/Berlin", new FileInfo(_bench.Options.Under("/etc/localtime")).LinkTarget);
        Assert.Equal("Europe/Berlin\n", _bench.Get("/etc/timezone"));
        Assert.Contains("NTP=de.pool.ntp.org 192.168.1.1\n", _bench.Get("/etc/systemd/timesyncd.conf.d/rpi-agent.conf"), StringComparison.Ordinal);
    }
}
