using System.Collections.Immutable;
using System.Text;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Agent.NodeConfig.DockerOptions;
using RpiAgent.Agent.NodeConfig.Documents;
using RpiAgent.Agent.NodeConfig.Interfaces;
using Xunit;

namespace RpiAgent.Tests.Unit.NodeConfig;

public class NodePlannerTests
{
    private static readonly AddressWish Address = AddressWish.Static("eth0", "192.168.1.102/24", "192.168.1.1", ["192.168.1.1"]);

    private static readonly NodeState Fresh = new(
        "raspberrypi",
        "127.0.0.1\tlocalhost\n127.0.1.1\traspberrypi\n"u8.ToArray(),
        Read("auto eth0\niface eth0 inet dhcp\n"),
        new InterfaceFacts(null, HasDnsHook: false),
        new ResolvState("nameserver 192.168.1.254\nsearch lan\n"u8.ToArray(), null, IsImmutable: false),
        new NetworkManagement("eth0", [NetworkBackend.Ifupdown], ""),
        EngineSetup.Debian with { Defaults = "# options\n"u8.ToArray() },
        RootIsVolatile: false);

    [Fact]
    public void A_fresh_node_gets_its_name_address_and_engine_options_in_this_order()
    {
        NodePlan plan = NodePlanner.Plan(Fresh, new NodeSpec("pi1", Address, ["--log-driver=local"]));
        Assert.Null(plan.Refusal);
        Assert.Collection(
            plan.Steps,
            step => Assert.Equal("127.0.0.1\tlocalhost\n127.0.1.1\tpi1\n", Text(Assert.IsType<WriteFile>(step).Content)),
            step => Assert.Equal("pi1", Assert.IsType<SetHostName>(step).Name),
            step =>
            {
                ChangeAddress change = Assert.IsType<ChangeAddress>(step);
                Assert.Equal([InterfacesReader.MainPath, ResolvState.FilePath], change.Files.Keys);
                Assert.Equal("nameserver 192.168.1.1\nsearch lan\n", Text(change.Files[ResolvState.FilePath]));
            },
            step => Assert.Equal("# options\n# Words of rpi-agent: --log-driver=local\nDOCKER_OPTS=\"--log-driver=local\"\n", Text(Assert.IsType<ChangeDockerOptions>(step).Files["/etc/default/docker"])));
    }

    [Fact]
    public void A_node_that_is_as_wished_has_nothing_to_do()
    {
        NodeState done = Fresh with
        {
            HostName = "pi1",
            Hosts = "127.0.1.1 pi1\n"u8.ToArray(),
            Interfaces = Read("auto eth0\niface eth0 inet static\n  address 192.168.1.102/24\n  gateway 192.168.1.1\n  dns-nameservers 192.168.1.1\n"),
            Resolv = new ResolvState("nameserver 192.168.1.1\n"u8.ToArray(), null, IsImmutable: false),
            Engine = EngineSetup.Debian with { Defaults = "DOCKER_OPTS='--log-driver=local'\n"u8.ToArray() },
        };
        Assert.Empty(NodePlanner.Plan(done, new NodeSpec("pi1", Address, ["--log-driver=local"])).Steps);
    }

    [Fact]
    public void One_part_that_cannot_be_done_refuses_all_of_it()
    {
        NodePlan plan = NodePlanner.Plan(Fresh with { Management = new NetworkManagement("eth0", [NetworkBackend.Networkd], "systemd-networkd is active") }, new NodeSpec("pi1", Address, []));
        Assert.Equal(RefusalCodes.BackendUnsupported, plan.Refusal?.Code);
        Assert.Empty(plan.Steps);
    }

    [Fact]
    public void Where_NetworkManager_is_in_charge_neither_interfaces_nor_the_resolver_file_is_written()
    {
        NodePlan plan = NodePlanner.Plan(Fresh with { Management = new NetworkManagement("eth0", [NetworkBackend.NetworkManager], "") }, new NodeSpec("", Address, []));
        ChangeAddress change = Assert.IsType<ChangeAddress>(Assert.Single(plan.Steps));
        Assert.Equal(NetworkBackend.NetworkManager, change.Backend);
        Assert.Equal(["/etc/NetworkManager/system-connections/rpi-agent-eth0.nmconnection"], change.Files.Keys);
    }

    [Fact]
    public void An_address_among_those_of_containers_is_refused() =>
        Assert.Equal(
            RefusalCodes.OptionConflict,
            NodePlanner.Plan(Fresh, new NodeSpec("", Address, ["--default-address-pool=base=192.168.0.0/16,size=24"])).Refusal?.Code);

    [Fact]
    public void The_engines_key_goes_when_its_port_is_closed_and_not_before()
    {
        const string key = "/etc/docker/rpi-agent/key.pem";
        NodeState open = Fresh with
        {
            Engine = EngineSetup.Debian with
            {
                Defaults = Encoding.Latin1.GetBytes($"# Words of rpi-agent: --tlskey={key}\nDOCKER_OPTS=\"--tlskey={key}\"\n"),
                TlsFiles = ImmutableSortedDictionary<string, byte[]>.Empty.Add(key, [1]),
            },
        };
        Assert.Collection(
            NodePlanner.Plan(open, new NodeSpec("", null, []) { DockerClients = "" }).Steps,
            step => Assert.IsType<ChangeDockerOptions>(step),
            step => Assert.Equal([key], Assert.IsType<RemoveFiles>(step).Paths));

        // Who says nothing of the engine, as a person who changes an address, leaves it alone.
        Assert.IsType<ChangeAddress>(Assert.Single(NodePlanner.Plan(open, new NodeSpec("", Address, [])).Steps));
        ChangeDockerOptions card = Assert.IsType<ChangeDockerOptions>(Assert.Single(NodePlanner.Plan(open, new NodeSpec("", null, ["--debug"])).Steps));
        Assert.Contains($"--debug {string.Join(' ', EngineTls.Words)}", Encoding.Latin1.GetString(card.Files["/etc/default/docker"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_managers_are_refused() =>
        Assert.Equal(
            RefusalCodes.TwoManagers,
            NodePlanner.Plan(Fresh with { Management = new NetworkManagement("eth0", [NetworkBackend.Networkd, NetworkBackend.Ifupdown], "") }, new NodeSpec("", Address, [])).Refusal?.Code);

    [Fact]
    public void A_resolver_file_that_is_a_link_is_left_to_its_owner()
    {
        NodeState linked = Fresh with { Resolv = new ResolvState("nameserver 127.0.0.53\n"u8.ToArray(), "../run/systemd/resolve/stub-resolv.conf", IsImmutable: false) };
        Assert.Equal(RefusalCodes.ResolvOwned, NodePlanner.Plan(linked, new NodeSpec("", Address, [])).Refusal?.Code);
        Assert.Null(NodePlanner.Plan(linked with { Facts = new InterfaceFacts(null, HasDnsHook: true) }, new NodeSpec("", Address, [])).Refusal);
    }

    [Fact]
    public void A_resolver_file_that_another_interfaces_client_will_write_again_is_warned_of()
    {
        NodeState two = Fresh with { Interfaces = Read("auto eth0 wlan0\niface eth0 inet dhcp\niface wlan0 inet dhcp\n") };
        Assert.Contains(NodePlanner.Plan(two, new NodeSpec("", Address, [])).Warnings, warning => warning.StartsWith("/etc/network/interfaces:3: wlan0 gets its address by DHCP", StringComparison.Ordinal));
        Assert.Empty(NodePlanner.Plan(two, new NodeSpec("", Address with { Dns = [] }, [])).Warnings);
        Assert.DoesNotContain(NodePlanner.Plan(Fresh, new NodeSpec("", Address, [])).Warnings, warning => warning.Contains("DHCP", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("", "192.168.1.102/24", null)]
    [InlineData("192.168.1.50", "192.168.1.102/24", "E_SWARM_MANAGER")]
    [InlineData("192.168.1.102", "192.168.1.102/24", null)]
    public void The_address_of_a_manager_of_the_swarm_stays_unless_forced(string managed, string address, string? code)
    {
        NodeState manager = Fresh with { ManagedSwarmAddress = managed };
        NodeSpec spec = new("", AddressWish.Static("eth0", address, null, []), []);
        Assert.Equal(code, NodePlanner.Plan(manager, spec).Refusal?.Code);
        Assert.Null(NodePlanner.Plan(manager, spec with { IsForced = true }).Refusal);

        // By DHCP it may become any; what is so already is no change.
        NodeState byHand = manager with { Interfaces = Read("auto eth0\niface eth0 inet static\n  address 192.168.1.50/24\n") };
        Assert.Equal(managed.Length > 0, NodePlanner.Plan(byHand, new NodeSpec("", AddressWish.Dhcp("eth0"), [])).Refusal is not null);
        Assert.Null(NodePlanner.Plan(manager, new NodeSpec("", AddressWish.Dhcp("eth0"), [])).Refusal);
    }

    [Fact]
    public void A_root_that_forgets_is_not_written_to() =>
        Assert.Equal(RefusalCodes.ReadOnlyRoot, NodePlanner.Plan(Fresh with { RootIsVolatile = true }, new NodeSpec("pi1", null, [])).Refusal?.Code);

    [Theory]
    [InlineData("-H tcp://0.0.0.0:2375", "E_INSECURE_DOCKER_TCP")]
    [InlineData("--cluster-store=consul://10.0.0.1:8500", "E_OPTION_REMOVED")]
    [InlineData("--label=a$(reboot)", "E_BAD_DOCKER_OPTION")]
    [InlineData("--label=\"a\"", "E_BAD_DOCKER_OPTION")]
    public void Engine_options_that_do_harm_are_refused(string options, string code) =>
        Assert.Equal(code, NodePlanner.Plan(Fresh, new NodeSpec("", null, [.. options.Split(' ')])).Refusal?.Code);

    [Theory]
    [InlineData("Pi1")]
    [InlineData("pi_1")]
    [InlineData("-pi")]
    [InlineData("123")]
    [InlineData("pi1.lan")]
    public void Host_names_are_lower_case_labels(string name) =>
        Assert.Equal(RefusalCodes.BadHostName, NodePlanner.Plan(Fresh, new NodeSpec(name, null, [])).Refusal?.Code);

    private static InterfacesModel Read(string main) =>
        InterfacesReader.Read(FileView.OfMemory(ImmutableSortedDictionary<string, byte[]>.Empty.Add(InterfacesReader.MainPath, Encoding.Latin1.GetBytes(main))));

    private static string Text(byte[] content) => Encoding.Latin1.GetString(content);
}
