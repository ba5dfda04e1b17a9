using RpiAgent.Agent.NodeConfig;
using Xunit;

namespace RpiAgent.Tests.Unit.NodeConfig;

/// <summary>The whole table of managers, and the moments in which a running system gives no clear answer.</summary>
public class BackendRulesTests
{
    private static readonly UnitFacts Active = new("active", "enabled"), Disabled = new("inactive", "disabled");
    private static readonly BackendFacts Ifupdown = new(UnitFacts.None, null, UnitFacts.None, Disabled, null, HasIfup: true, IfupStarts: true, HasStanza: true, IfupKnows: true);
    private static readonly BackendFacts NetworkManager = new(Active, "100 (connected)", UnitFacts.None, Disabled, null, HasIfup: false, IfupStarts: false, HasStanza: false, IfupKnows: false);
    private static readonly AddressWish Wish = AddressWish.Static("eth0", "192.168.1.102/24", "192.168.1.1", ["192.168.1.1", "9.9.9.9"]);

    [Fact]
    public void One_program_that_is_at_work_and_has_the_interface_is_in_charge()
    {
        Assert.Equal("Ifupdown", Claims(Ifupdown));
        Assert.Equal("NetworkManager", Claims(NetworkManager));
        Assert.Equal("Ifupdown", Claims(Ifupdown with { NetworkManager = Active, NetworkManagerDevice = "10 (unmanaged)" }));
        Assert.Equal("Ifupdown", Claims(Ifupdown with { NetworkManager = Disabled })); // installed, as on Bullseye
        Assert.Equal("Dhcpcd", Claims(Ifupdown with { Dhcpcd = Active, IfupStarts = false }));
        Assert.Equal("Networkd", Claims(Ifupdown with { Networkd = Active, NetworkFile = "/etc/systemd/network/eth0.network", HasIfup = false }));
        Assert.Equal("Netplan", Claims(Ifupdown with { Networkd = Active, NetworkFile = "/run/systemd/network/10-netplan-eth0.network", HasIfup = false }));
        Assert.Equal("Ifupdown", Claims(Ifupdown with { Networkd = Active, NetworkFile = "n/a" }));
        Assert.Equal("", Claims(Ifupdown with { IfupStarts = false }));
    }

    [Fact]
    public void Two_programs_fight()
    {
        Assert.Equal("Networkd Ifupdown", Claims(Ifupdown with { Networkd = Active, NetworkFile = "/etc/systemd/network/eth0.network" }));
        Assert.Equal("NetworkManager Ifupdown", Claims(Ifupdown with { NetworkManager = Active, NetworkManagerDevice = "100 (connected)" }));
    }

    /// <summary>The worst bug that this product can have: interfaces(5) written where NetworkManager is in charge.</summary>
    [Theory]
    [InlineData("inactive", "enabled")]
    [InlineData("failed", "enabled")]
    [InlineData("failed", "disabled")]
    [InlineData("activating", "enabled")]
    [InlineData("deactivating", "enabled")]
    [InlineData("reloading", "enabled")]
    [InlineData("active", "enabled")]
    public void An_interface_without_a_stanza_is_not_ifupdowns_while_another_program_is_there(string state, string file)
    {
        UnitFacts unit = new(state, file);
        BackendFacts bare = Ifupdown with { HasStanza = false, IfupKnows = false };
        Assert.Equal("Ifupdown", Claims(bare));
        Assert.NotNull(BackendRules.Decide("eth0", bare with { NetworkManager = unit }).Refuse(Wish));
        Assert.NotNull(BackendRules.Decide("eth0", bare with { Dhcpcd = unit }).Refuse(Wish));
        Assert.NotNull(BackendRules.Decide("eth0", bare with { Networkd = unit }).Refuse(Wish));
    }

    [Theory]
    [InlineData("active", null, "NetworkManager does not answer")]
    [InlineData("reloading", "100 (connected)", "NetworkManager is reloading")]
    [InlineData("activating", null, "NetworkManager is activating")]
    public void What_gives_no_clear_answer_is_refused_with_what_was_seen(string state, string? device, string why)
    {
        Refusal? refusal = BackendRules.Decide("eth0", Ifupdown with { NetworkManager = new UnitFacts(state, "enabled"), NetworkManagerDevice = device }).Refuse(Wish);
        Assert.Equal(RefusalCodes.BackendUnsupported, refusal?.Code);
        Assert.Contains(why, refusal?.Message, StringComparison.Ordinal);
    }

    /// <summary>A unit that systemd does not tell of in time is not one that is not there.</summary>
    [Fact]
    public void A_unit_of_which_nothing_is_known_is_refused()
    {
        Refusal? refusal = BackendRules.Decide("eth0", Ifupdown with { NetworkManager = UnitFacts.Unknown }).Refuse(Wish);
        Assert.Contains("NetworkManager is in a state that systemd does not tell", refusal?.Message, StringComparison.Ordinal);
        Assert.NotNull(BackendRules.Decide("eth0", Ifupdown with { Dhcpcd = UnitFacts.Unknown }).Refuse(Wish));
        Assert.NotNull(BackendRules.Decide("eth0", Ifupdown with { Networkd = UnitFacts.Unknown }).Refuse(Wish));
    }

    [Fact]
    public void Where_dhcpcd_is_in_charge_its_lines_are_told()
    {
        NetworkManagement dhcpcd = BackendRules.Decide("eth0", Ifupdown with { Dhcpcd = Active, IfupStarts = false });
        Assert.Contains(
            "interface eth0 | static ip_address=192.168.1.102/24 | static routers=192.168.1.1 | static domain_name_servers=192.168.1.1 9.9.9.9",
            dhcpcd.Refuse(Wish)?.Message,
            StringComparison.Ordinal);
        Assert.Contains("take the 'static' lines after 'interface eth0' out", dhcpcd.Refuse(AddressWish.Dhcp("eth0"))?.Message, StringComparison.Ordinal);
    }

    private static string Claims(BackendFacts facts) => string.Join(' ', BackendRules.Decide("eth0", facts).Claims);
}
