using System.Collections.Immutable;
using RpiAgent.Coordinator.Cli;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Model;
using RpiAgent.Coordinator.Ssh;
using RpiAgent.Protos;
using Xunit;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Tests.Unit.Ssh;

public class SshKeyRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    private static SshKeysRecord Added(SshKeysRecord record, SshPublicKey key, string user = "pi", string id = "") =>
        SshKeyRules.Add(record, key, user, id, Now) is { Record: { } after } ? after : throw new InvalidOperationException("refused");

    [Fact]
    public void A_key_is_called_as_its_comment_says_or_after_itself()
    {
        SshKeysRecord record = Added(Added(new(), Keys.Ed25519(1, "Alice@Laptop home")), Keys.Ed25519(2));
        Assert.Equal("alice-laptop-home", record.Keys[0].Id);
        Assert.StartsWith("key-", record.Keys[1].Id, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_is_replaced_by_name_only()
    {
        SshKeysRecord record = Added(new(), Keys.Ed25519(1, "alice"));
        Assert.Contains("--name alice", SshKeyRules.Add(record, Keys.Ed25519(2, "alice"), "pi", "", Now).Refusal, StringComparison.Ordinal);
        Assert.Equal(Keys.Ed25519(2).Key, Assert.Single(Added(record, Keys.Ed25519(2), id: "alice").Keys).Key);
        Assert.Same(record, Added(record, Keys.Ed25519(1, "alice")));
    }

    [Theory]
    [InlineData("card-1", "pi")]
    [InlineData("A b", "pi")]
    [InlineData("ok", "Pi")]
    [InlineData("ok", "--uid")]
    public void A_name_that_nodes_could_not_use_is_refused(string id, string user) => Assert.Null(SshKeyRules.Add(new(), Keys.Ed25519(1), user, id, Now).Record);

    [Fact]
    public void The_same_key_is_not_given_twice_to_one_user()
    {
        SshKeysRecord record = Added(new(), Keys.Ed25519(1, "alice"));
        Assert.Contains("alice", SshKeyRules.Add(record, Keys.Ed25519(1), "pi", "bob", Now).Refusal, StringComparison.Ordinal);
        Assert.Equal(2, Added(record, Keys.Ed25519(1), "root", "bob").Keys.Length);
    }

    [Fact]
    public void A_removed_key_can_be_forced_off_the_nodes_that_kept_it()
    {
        SshKeysRecord removed = SshKeyRules.Remove(Added(new(), Keys.Ed25519(1, "alice")), "alice", force: false).Record!;
        Assert.Empty(removed.Keys);
        Assert.Null(SshKeyRules.Remove(removed, "alice", force: false).Record);
        SshKeysRecord forced = SshKeyRules.Remove(removed, "alice", force: true).Record!;
        Assert.Equal(["alice"], SshSpecs.Of(forced).Forced);
        Assert.NotEqual(SshSpecs.Of(removed).Revision, SshSpecs.Of(forced).Revision);
        Assert.Empty(Added(forced, Keys.Ed25519(1, "alice")).Forced);
    }

    [Fact]
    public void Nodes_are_told_nothing_where_no_key_was_ever_given()
    {
        Assert.Equal("", SshSpecs.Of(new()).Revision);
        SshKeysRecord record = Added(new(), Keys.Ed25519(1, "alice"));
        Assert.Equal(SshSpecs.Of(record).Revision, SshSpecs.Of(record with { Keys = [.. record.Keys] }).Revision);
        Assert.NotEqual("", SshSpecs.Of(SshKeyRules.Remove(record, "alice", false).Record!).Revision);
    }

    [Fact]
    public void A_node_is_told_once_when_it_knows_other_keys_and_again_when_nothing_comes_of_it()
    {
        NodeId id = new("a");
        ClusterSnapshot Cluster(SshView ssh) => ClusterSnapshot.Empty with
        {
            Nodes = ImmutableSortedDictionary<NodeId, NodeView>.Empty.Add(id, new NodeView(
                new NodeRecord { Id = id, Name = "pi1", Hardware = new() }, true, null, true, false, Now, new NodeStatusView { Ssh = ssh }, null)),
        };
        ImmutableDictionary<NodeId, SshSending> none = ImmutableDictionary<NodeId, SshSending>.Empty;
        Assert.Empty(SshPlanner.Plan(Cluster(SshView.Unknown), "new", none, Now).Due);
        Assert.Empty(SshPlanner.Plan(Cluster(new("new", "failed", [], [])), "new", none, Now).Due);
        Assert.Equal([id], SshPlanner.Plan(Cluster(new("old", "applied", [], [])), "new", none, Now).Due);
        SshRound told = SshPlanner.Plan(Cluster(new("old", "applied", [], [])), "new", none.Add(id, new("new", Now)), Now);
        Assert.Empty(told.Due);
        Assert.Equal([id], SshPlanner.Plan(Cluster(new("old", "applied", [], [])), "new", none.Add(id, new("new", Now)), told.LookAgain!.Value).Due);
    }

    [Fact]
    public void Known_hosts_hold_keys_and_nothing_else_a_node_may_say()
    {
        Wire.NodeInfo node = new() { Name = "pi1", Address = "192.168.1.101", Ssh = new Wire.SshStatus() };
        node.Ssh.HostKeys.AddRange([Keys.Ed25519(1).Key, "* ssh-ed25519 AAAA", $"{Keys.Ed25519(2).Key}\nevil {Keys.Ed25519(3).Key}"]);
        Assert.Equal([$"pi1,192.168.1.101 {Keys.Ed25519(1).Key}"], KnownHosts.LinesOf(node));
        Assert.Equal($"pi1 {Keys.Ed25519(1).Key}\n", KnownHosts.FileOf(node));
        string[] arguments = KnownHosts.Arguments(node, "/tmp/k", "pi", "", 22, ["hostname", "-f"]);
        Assert.Contains("HostKeyAlias=pi1", arguments);
        Assert.Equal(["--", "192.168.1.101", "hostname", "-f"], arguments[^4..]);
    }

    [Theory]
    [InlineData("*")]
    [InlineData("192.168.1.*")]
    [InlineData("a b")]
    [InlineData("192.168.1.1,nas")]
    [InlineData("x\n@cert-authority *")]
    public void A_node_is_known_by_no_address_that_is_none(string said)
    {
        Assert.Equal("", StatusMapping.From(new Wire.NodeStatus { Address = said }).Address);
        Wire.NodeInfo node = new() { Name = "pi1", Address = said, Ssh = new Wire.SshStatus { HostKeys = { Keys.Ed25519(1).Key } } };
        Assert.Equal([$"pi1 {Keys.Ed25519(1).Key}"], KnownHosts.LinesOf(node));
    }
}
