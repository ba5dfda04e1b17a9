using System.Collections.Immutable;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using RpiAgent.Coordinator;
using Xunit;

namespace RpiAgent.Tests.Unit.Enrolment;

public class OptionsTests
{
    [Fact]
    public void A_good_configuration_is_read_with_its_arrays_and_defaults()
    {
        CoordinatorOptions options = Read(
            ("AdvertiseAddress", "192.168.1.2"), ("Network:Pool", "192.168.1.101-192.168.1.120"), ("Network:Gateway", "192.168.1.1"), ("Network:Dns:0", "192.168.1.1"),
            ("DockerOptions:0", "--log-driver=local"), ("Nodes:0:Serial", "1000"), ("Nodes:0:Name", "db"));

        Assert.Equal(("192.168.1.2", 7444, "pi", "spread"), (options.AdvertiseAddress, options.Port, options.NodeNamePrefix, options.Strategy));
        Assert.Equal(("https://127.0.0.1:8501/", "https://192.168.1.2:8501/"), (options.ConsulUrl.ToString(), options.ConsulNodeUrl.ToString()));
        Assert.Equal(("db", "--log-driver=local"), (Assert.Single(options.Nodes).Name, Assert.Single(options.DockerOptions)));
    }

    [Fact]
    public void All_problems_are_told_in_one_message()
    {
        OptionsValidationException refused = Assert.Throws<OptionsValidationException>(() => Read(
            ("AdvertiseAddress", "192.168.102"), ("Port", "70000"), ("Network:Pool", "192.168.1.120-192.168.1.101"), ("Network:Gateway", "10.0.0.1x"),
            ("Strategy", "best"), ("Consul:Url", "http://x"), ("Nodes:0:Mac", "nonsense"), ("Nodes:1:Address", "192.168.1.7"), ("Consul:Port", "0")));

        foreach (string place in (string[])["AdvertiseAddress '192.168.102'", "Port", "Network:Pool", "Network:Gateway", "Strategy", "Consul:Url", "Nodes:0:Mac", "Nodes:1 says neither", "Consul.Port"])
        {
            Assert.Contains(place, refused.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("192.168.1.0-192.168.1.9", "does not lie inside one /24")]
    [InlineData("192.168.1.250-192.168.2.9", "does not lie inside one /24")]
    [InlineData("10.0.0.5-10.0.0.9", "Network:Gateway 192.168.1.1 is not a host")]
    public void A_pool_that_cannot_be_used_is_told(string pool, string problem) =>
        Assert.Contains(problem, string.Join('\n', Problems(pool)), StringComparison.Ordinal);

    [Theory]
    [InlineData("OverlayPool", "192.168.0.0/16", "OverlayPool gives containers addresses of 192.168.0.0/16, which swallows the network of AdvertiseAddress 192.168.1.2")]
    [InlineData("OverlayPool", "8.0.0.0/8", "swallows the name server 8.8.8.8")]
    [InlineData("OverlayPool", "10.202.0.0/24", "OverlayPool '10.202.0.0/24' is no pool of /24 networks")]
    [InlineData("OverlayPool", "10.201.128.0/20", "swallows DockerOptions:0 (10.201.0.0/16)")]
    [InlineData("DockerOptions:0", "--default-address-pool=base=192.168.0.0/16,size=24", "DockerOptions:0 gives containers addresses of 192.168.0.0/16")]
    [InlineData("DockerOptions:0", "--bip=192.168.1.200/28", "DockerOptions:0 gives containers addresses of 192.168.1.200/28")]
    [InlineData("DockerOptions:0", "--bip=x", "DockerOptions:0 '--bip=x' has no range")]
    public void Addresses_of_containers_that_swallow_the_network_are_told(string option, string value, string problem)
    {
        (string, string)[] good = [("AdvertiseAddress", "192.168.1.2"), ("Network:Gateway", "192.168.1.1"), ("Network:Dns:0", "8.8.8.8"), ("DockerOptions:0", "--default-address-pool=base=10.201.0.0/16,size=24")];
        Assert.Equal("10.202.0.0/16", Read(good).OverlayPool);
        Assert.Contains(problem, Assert.Throws<OptionsValidationException>(() => Read([.. good.Where(pair => pair.Item1 != option), (option, value)])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_entries_for_one_address_serial_or_name_are_told_with_both_places()
    {
        string told = string.Join('\n', Problems(
            "192.168.1.101-192.168.1.120",
            new NodeOptions { Serial = "AA", Name = "db", Address = "192.168.1.50" },
            new NodeOptions { Serial = "aa", Name = "db", Address = "192.168.1.50" },
            new NodeOptions { Name = "gw", Address = "192.168.1.1" },
            new NodeOptions { Name = "far", Address = "10.0.0.1" }));

        Assert.Contains("Nodes:0 and Nodes:1 have the same Serial aa", told, StringComparison.Ordinal);
        Assert.Contains("Nodes:0 and Nodes:1 have the same Name db", told, StringComparison.Ordinal);
        Assert.Contains("Nodes:0 and Nodes:1 have the same Address 192.168.1.50", told, StringComparison.Ordinal);
        Assert.Contains("Nodes:2:Address 192.168.1.1 is the gateway's", told, StringComparison.Ordinal);
        Assert.Contains("Nodes:3:Address 10.0.0.1 is not a host", told, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_filter_is_told_with_those_there_are()
    {
        OptionsValidationException refused = Assert.Throws<OptionsValidationException>(() => Read(("AdvertiseAddress", "192.168.1.2"), ("Filters:0", "health"), ("Filters:1", "prot")));
        Assert.Contains("Filters: 'prot': known are health, port, containerslots", refused.Message, StringComparison.Ordinal);
        Assert.Equal(["port"], Read(("AdvertiseAddress", "192.168.1.2"), ("Filters:0", "port")).Filters);
    }

    private static ImmutableArray<string> Problems(string pool, params NodeOptions[] nodes) => CoordinatorOptionsReader.Problems(new CoordinatorOptions
    {
        AdvertiseAddress = "192.168.1.2",
        Network = new NetworkOptions { Pool = pool, Gateway = "192.168.1.1" },
        Nodes = nodes,
    });

    private static CoordinatorOptions Read(params (string Key, string Value)[] values) => CoordinatorOptionsReader.Read(new ConfigurationBuilder()
        .AddInMemoryCollection(values.Select(value => KeyValuePair.Create($"Coordinator:{value.Key}", (string?)value.Value))).Build());
}
