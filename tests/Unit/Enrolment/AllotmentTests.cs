using System.Collections.Immutable;
using CsCheck;
using RpiAgent.Coordinator;
using RpiAgent.Coordinator.Enrolment;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;
using Xunit;

namespace RpiAgent.Tests.Unit.Enrolment;

public class AllotmentTests
{
    private static AllotmentRules Rules(string pool = "192.168.1.101-192.168.1.103", params NodeOptions[] nodes)
    {
        AllotmentRules rules = AllotmentRules.From(
            new CoordinatorOptions { AdvertiseAddress = "192.168.1.2", Network = new NetworkOptions { Pool = pool, Gateway = "192.168.1.1" }, Nodes = nodes },
            out ImmutableArray<string> problems);
        Assert.Empty(problems);
        return rules;
    }

    private static HardwareFacts Pi(int number) => new() { Serial = $"10000000{number:x8}", Mac = $"b8:27:eb:00:00:{number:x2}", MachineId = $"{number:x32}" };

    private static NodeRecord Record(int number, string name, string? address) =>
        new() { Id = new NodeId($"id-{number}"), Name = name, Address = address, Hardware = Pi(number) };

    private static Allotted Give(AllotmentRules rules, ImmutableArray<NodeRecord> existing, HardwareFacts hardware, string wished = "") =>
        Assert.IsType<Allotted>(Allotment.Plan(rules, existing, hardware, wished));

    private static string Refused(AllotmentRules rules, ImmutableArray<NodeRecord> existing, HardwareFacts hardware, string wished = "") =>
        Assert.IsType<AllotmentRefused>(Allotment.Plan(rules, existing, hardware, wished)).Reason;

    [Theory]
    [InlineData("10.202.0.9", "E_BAD_ADDRESS: 10.202.0.9 is in the way of the containers, which get addresses of 10.202.0.0/16 (OverlayPool")]
    [InlineData("192.168.7.9", null)]
    public void An_address_of_the_containers_is_no_nodes_address(string address, string? refusal)
    {
        AllotmentRules rules = AllotmentRules.From(new CoordinatorOptions { AdvertiseAddress = "192.168.1.2" }, out _);
        string? said = AddressChoice.Refuse(rules, [], Record(1, "pi1", null), address, out _);
        Assert.StartsWith(refusal ?? "", said ?? "", StringComparison.Ordinal);
        Assert.Equal(refusal is null, said is null);
    }

    [Theory]
    [InlineData("192.168.1.101", null)]
    [InlineData("192.168.1.102", "192.168.1.102")]
    [InlineData("10.0.0.7", "10.0.0.7")]
    public void A_certificate_does_not_name_the_address_of_another_node(string seen, string? named) =>
        Assert.Equal(named, NodeCertificates.OwnOf(new System.Net.IPAddress(seen.Split('.').Select(byte.Parse).ToArray()), new NodeId("id-2"), [Record(1, "pi1", "192.168.1.101/24"), Record(2, "pi2", "192.168.1.102/24"), Record(3, "pi3", null)])?.ToString());

    [Fact]
    public void The_first_free_name_and_address_are_given()
    {
        Allotted given = Give(Rules(), [Record(1, "pi1", "192.168.1.101/24"), Record(3, "pi3", "192.168.1.103/24")], Pi(2));
        Assert.Equal((null, "pi2", "192.168.1.102/24"), (given.Known, given.Name, given.Address));
    }

    [Fact]
    public void The_same_Pi_always_gets_the_same_also_by_another_wished_name_or_card()
    {
        ImmutableArray<NodeRecord> existing = [Record(1, "pi1", "192.168.1.101/24"), Record(2, "attic", "192.168.1.103/24")];
        Allotted given = Give(Rules(), existing, Pi(2) with { MachineId = "other" }, "cellar");
        Assert.Equal((existing[1], "attic", "192.168.1.103/24"), (given.Known, given.Name, given.Address));
    }

    [Fact]
    public void Without_a_pool_a_node_keeps_DHCP() => Assert.Null(Give(Rules(pool: ""), [], Pi(1)).Address);

    [Fact]
    public void A_wished_name_is_given_and_a_second_wish_for_it_gets_a_number()
    {
        Assert.Equal("raspberrypi", Give(Rules(), [], Pi(1), "raspberrypi").Name);
        Assert.Equal("raspberrypi-2", Give(Rules(), [Record(1, "raspberrypi", null)], Pi(2), "raspberrypi").Name);
    }

    [Fact]
    public void Configuration_by_serial_MAC_or_name_is_followed_and_its_addresses_are_given_to_nobody_else()
    {
        AllotmentRules rules = Rules(
            "192.168.1.101-192.168.1.103",
            new NodeOptions { Serial = Pi(1).Serial, Name = "db", Address = "192.168.1.50" },
            new NodeOptions { Mac = Pi(2).Mac.ToUpperInvariant(), Address = "192.168.1.101" },
            new NodeOptions { Name = "web", Address = "192.168.1.102" });

        Assert.Equal(("db", "192.168.1.50/24"), (Give(rules, [], Pi(1)).Name, Give(rules, [], Pi(1)).Address));
        Assert.Equal("192.168.1.101/24", Give(rules, [], Pi(2)).Address);
        Assert.Equal("192.168.1.102/24", Give(rules, [], Pi(3), "web").Address);
        Assert.Equal(("pi1", "192.168.1.103/24"), (Give(rules, [], Pi(4)).Name, Give(rules, [], Pi(4)).Address));
        Assert.Equal("db-2", Give(rules, [], Pi(5), "db").Name);
    }

    [Fact]
    public void A_configured_name_or_address_that_another_node_has_is_refused_with_both_named()
    {
        AllotmentRules rules = Rules("192.168.1.101-192.168.1.103", new NodeOptions { Serial = Pi(9).Serial, Name = "db", Address = "192.168.1.101" });
        Assert.Contains("the name db, which node id-1 has", Refused(rules, [Record(1, "db", null)], Pi(9)), StringComparison.Ordinal);
        Assert.Contains("192.168.1.101, which pi1 has", Refused(rules, [Record(1, "pi1", "192.168.1.101/24")], Pi(9)), StringComparison.Ordinal);
    }

    [Fact]
    public void An_exhausted_pool_is_refused_with_the_remedy() =>
        Assert.Contains(
            "enlarge Network:Pool",
            Refused(Rules("192.168.1.101-192.168.1.101"), [Record(1, "pi1", "192.168.1.101/24")], Pi(2)), StringComparison.Ordinal);

    [Theory]
    [InlineData("Attic")]
    [InlineData("-a")]
    [InlineData("12345")]
    [InlineData("a b")]
    public void A_wished_name_that_is_no_host_name_is_refused(string wished) =>
        Assert.Contains("is not a host name", Refused(Rules(), [], Pi(1), wished), StringComparison.Ordinal);

    [Fact]
    public void A_Pi_without_any_mark_is_refused_and_zeros_are_none() =>
        Assert.Contains("could not be known again", Refused(Rules(), [], new HardwareFacts { Serial = "0000000000000000", Mac = "00:00:00:00:00:00", MachineId = "uninitialized" }), StringComparison.Ordinal);

    [Fact]
    public void A_used_card_in_another_board_is_another_Pi() =>
        Assert.Null(Give(Rules(), [Record(1, "pi1", "192.168.1.101/24")], Pi(2) with { MachineId = Pi(1).MachineId }).Known);

    [Fact]
    public void However_many_enrol_in_whatever_order_no_two_share_a_name_or_an_address_and_each_keeps_its_own() =>
        Gen.Int[1, 12].List[1, 40].Sample(order =>
        {
            AllotmentRules rules = Rules("192.168.1.1-192.168.1.20");
            ImmutableArray<NodeRecord> nodes = [];
            foreach (int number in order)
            {
                Allotted given = Give(rules, nodes, Pi(number), number % 3 == 0 ? "wished" : "");
                Assert.Equal(nodes.FirstOrDefault(node => node.Hardware.Serial == Pi(number).Serial), given.Known);
                if (given.Known is null)
                {
                    nodes = nodes.Add(Record(number, given.Name, given.Address));
                }

                Assert.Equal((given.Known?.Name ?? given.Name, given.Known?.Address ?? given.Address), (given.Name, given.Address));
            }

            Assert.Equal(nodes.Length, nodes.Select(node => node.Name).Distinct().Count());
            Assert.Equal(nodes.Length, nodes.Select(node => node.Address).Distinct().Count());
            Assert.DoesNotContain(nodes, node => node.Address is "192.168.1.1/24" or "192.168.1.2/24");
        });
}
