using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using Xunit;

namespace RpiAgent.Tests.Unit.Stacks;

public class ServiceReaderTests
{
    [Theory]
    [InlineData("80", "", 0, 80, "tcp")]
    [InlineData("8080:80", "", 8080, 80, "tcp")]
    [InlineData("53:53/udp", "", 53, 53, "udp")]
    [InlineData("127.0.0.1:8080:80", "127.0.0.1", 8080, 80, "tcp")]
    [InlineData("127.0.0.1::80", "127.0.0.1", 0, 80, "tcp")]
    [InlineData("[::1]:8080:80/TCP", "::1", 8080, 80, "tcp")]
    public void A_short_port_is_read(string text, string ip, int host, int container, string protocol) =>
        Assert.Equal(new PublishedPort(ip, host, container, protocol), Assert.Single(Composed.Service($"ports: [\"{text}\"]").Container.Ports));

    [Theory]
    [InlineData("7946:80/udp", "port 7946/udp in '7946:80/udp' is Swarm's own on every node")]
    [InlineData("4789:80/udp", "is Swarm's own")]
    [InlineData("2375-2377:80-82", "is the Docker engine's own")]
    [InlineData("7443:443", "is the agent's own")]
    public void A_port_that_every_node_needs_itself_is_refused_when_the_file_is_read(string text, string problem) =>
        Assert.Contains(problem, Assert.Single(Composed.ProblemsOf($"ports: [\"{text}\"]")), StringComparison.Ordinal);

    [Theory]
    [InlineData("7443:443/udp")]
    [InlineData("8080:2377")]
    public void The_same_number_of_another_protocol_or_inside_is_free(string text) => Assert.Single(Composed.Service($"ports: [\"{text}\"]").Container.Ports);

    [Fact]
    public void A_range_of_ports_becomes_one_port_each()
    {
        Assert.Equal([(9000, 90), (9001, 91), (9002, 92)], Composed.Service("ports: [\"9000-9002:90-92\"]").Container.Ports.Select(port => (port.HostPort, port.ContainerPort)));
        Assert.Equal([(0, 90), (0, 91)], Composed.Service("ports: [90-91]").Container.Ports.Select(port => (port.HostPort, port.ContainerPort)));
    }

    [Theory]
    [InlineData("9000-9002:80", "differ in length")]
    [InlineData("0-5:0-5", "is not a port")]
    [InlineData("300.0.0.1:80:80", "'300.0.0.1' in")]
    [InlineData("192.168.102:80:80", "'192.168.102' in")]
    [InlineData("80/icmp", "is not tcp, udp or sctp")]
    [InlineData("http", "is not a port like")]
    public void A_bad_port_is_refused(string text, string problem) =>
        Assert.Contains(problem, Assert.Single(Composed.ProblemsOf($"ports: [\"{text}\"]")), StringComparison.Ordinal);

    [Theory]
    [InlineData("data:/var/lib", "volume", "blog_data", "/var/lib", false)]
    [InlineData("data:/var/lib:ro,z", "volume", "blog_data", "/var/lib", true)]
    [InlineData("/srv/x:/x", "bind", "/srv/x", "/x", false)]
    [InlineData("/x", "volume", "", "/x", false)]
    public void A_short_mount_is_read(string text, string type, string source, string target, bool readOnly) =>
        Assert.Equal(new MountSpec(type, source, target, readOnly), Assert.Single(Composed.Service($"volumes: [\"{text}\"]").Container.Mounts));

    [Theory]
    [InlineData("./site:/srv", "is a path beside the Compose file")]
    [InlineData("~/site:/srv", "is a path beside the Compose file")]
    [InlineData("/srv/../etc:/srv", "is a path beside the Compose file")]
    [InlineData("dat:/srv", "the volume 'dat' is not in the top-level volumes; did you mean 'data'?")]
    [InlineData("data:srv", "'srv' is not an absolute path")]
    [InlineData("data:/", "root cannot be mounted over")]
    [InlineData("data:/x:rslave", "the mode 'rslave'")]
    public void A_bad_mount_is_refused(string text, string problem) =>
        Assert.Contains(problem, Assert.Single(Composed.ProblemsOf($"volumes: [\"{text}\"]")), StringComparison.Ordinal);

    [Fact]
    public void Mounts_in_the_long_form_are_read()
    {
        ContainerTemplate container = Composed.Service("""
            volumes:
              - {type: volume, source: data, target: /a, read_only: true, volume: {nocopy: false}}
              - {type: bind, source: /srv, target: /b, bind: {create_host_path: true}}
              - {type: tmpfs, target: /c, tmpfs: {size: 64m, mode: 0o1777}}
            tmpfs: /run
            """).Container;
        Assert.Equal([new MountSpec("volume", "blog_data", "/a", true), new MountSpec("bind", "/srv", "/b", false)], container.Mounts);
        Assert.Equal(["/run", "/c:size=67108864,mode=0o1777"], container.Tmpfs);
    }

    [Theory]
    [InlineData("command: php -d 'a b' \"c\\\"d\" e\\ f", new[] { "php", "-d", "a b", "c\"d", "e f" })]
    [InlineData("command: [php, -v]", new[] { "php", "-v" })]
    [InlineData("command: []", new string[0])]
    [InlineData("command: ''", new string[0])]
    public void A_command_is_a_text_or_a_list(string line, string[] words) =>
        Assert.Equal(words, Composed.Service(line).Container.Command!.Value.AsEnumerable());

    [Fact]
    public void No_command_leaves_the_images_own()
    {
        Assert.Null(Composed.Service("command:").Container.Command);
        Assert.Null(Composed.Service("tty: true").Container.Entrypoint);
    }

    [Fact]
    public void Environment_overrides_env_files_and_null_takes_the_clients_value()
    {
        StackSpec stack = Composed.Stack(Composed.Around("env_file: [a.env, b.env]\nenvironment:\n  A: 3\n  HOME_DIR:\n  GONE:\n  EMPTY: ''"),
            files: new() { ["a.env"] = "A=1\nB=1", ["b.env"] = "B=2\nC=${B}x" }, variables: new() { ["HOME_DIR"] = "/home/me" });
        Assert.Equal(["A=3", "B=2", "C=2x", "HOME_DIR=/home/me", "EMPTY="], stack.Workloads[0].Container.Environment);
    }

    [Fact]
    public void Classic_expressions_are_found_in_labels_and_environment_and_leave_the_environment()
    {
        WorkloadSpec workload = Composed.Service("""
            labels:
              com.docker.swarm.constraints: '["zone==a","node!=pi1"]'
              com.docker.swarm.affinities: '["image==caddy"]'
            environment:
              - constraint:storage==ssd
              - affinity:container!=~db*
              - reschedule:on-node-failure
              - whitelist:node==pi1|pi2
              - URL=http://x:80
            """);
        Assert.Equal(["zone==a", "node!=pi1", "storage==ssd", "node==/^(pi1|pi2)$/"], workload.Placement.Constraints);
        Assert.Equal(["image==caddy", "container!=~db*"], workload.Placement.Affinities);
        Assert.Equal(["URL=http://x:80"], workload.Container.Environment);
    }

    [Fact]
    public void A_label_of_expressions_that_is_no_JSON_is_refused() =>
        Assert.Contains("not a JSON array", Assert.Single(Composed.ProblemsOf("labels:\n  com.docker.swarm.constraints: zone==a")), StringComparison.Ordinal);

    [Theory]
    [InlineData("node.labels.zone == a", "zone==a")]
    [InlineData("node.hostname==pi1", "node==pi1")]
    [InlineData("node.id != abc", "node!=abc")]
    [InlineData("node.role == manager", "role==manager")]
    [InlineData("node.platform.arch == arm64", "architecture==aarch64")]
    [InlineData("node.platform.os==linux", "ostype==linux")]
    [InlineData("engine.labels.disk==ssd", "disk==ssd")]
    [InlineData("zone==~a*", "zone==~a*")]
    public void A_placement_constraint_becomes_a_classic_one(string written, string expression) =>
        Assert.Equal([expression], Composed.Service($"deploy: {{placement: {{constraints: [\"{written}\"]}}}}").Placement.Constraints);

    [Theory]
    [InlineData("node.labls.zone == a", "'node.labls.zone' is not known")]
    [InlineData("zone = a", "is not a constraint like")]
    [InlineData("node.labels.zone == a@b", "'zone==a@b', column 8: '@' is not allowed in a value")]
    [InlineData("zone==/", "'zone==/', column")]
    public void A_bad_placement_constraint_is_refused(string written, string problem) =>
        Assert.Contains(problem, Assert.Single(Composed.ProblemsOf($"deploy: {{placement: {{constraints: [\"{written}\"]}}}}")), StringComparison.Ordinal);

    [Fact]
    public void A_platform_and_a_strategy_are_rules_of_placement()
    {
        PlacementRules rules = Composed.Service("platform: linux/arm64\nx-rpi-strategy: binpack").Placement;
        Assert.Equal(["architecture==aarch64"], rules.Constraints);
        Assert.Equal("binpack", rules.Strategy);
    }

    [Fact]
    public void Filters_are_chosen_for_the_file_or_for_one_service()
    {
        StackSpec stack = Composed.Stack("x-rpi-filters: [health, port]\nservices:\n  a: {image: i}\n  b: {image: i, x-rpi-filters: []}\n");
        Assert.Equal(["health", "port"], stack.Workloads[0].Placement.Filters!.Value);
        Assert.Empty(stack.Workloads[1].Placement.Filters!.Value);
        Assert.Null(Composed.Service("user: me").Placement.Filters);
    }

    [Theory]
    [InlineData("x-rpi-filters: [health, prot]", "'prot': known are health, port")]
    [InlineData("x-rpi-filters: [port, port]", "a filter is named twice")]
    [InlineData("x-rpi-filters: port", "where a list is wanted")]
    public void A_bad_choice_of_filters_is_refused(string line, string problem) =>
        Assert.Contains(problem, Assert.Single(Composed.ProblemsOf(line)), StringComparison.Ordinal);

    [Fact]
    public void A_condition_whose_filter_is_off_is_told()
    {
        string warning = Assert.Single(Composed.Warnings("x-rpi-filters: [health]\nservices:\n  a: {image: i, environment: ['constraint:zone==a']}\n"));
        Assert.Contains("the filter 'constraint' is switched off", warning, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("healthcheck: {test: curl -f localhost}", new[] { "CMD-SHELL", "curl -f localhost" })]
    [InlineData("healthcheck: {test: [NONE]}", new[] { "NONE" })]
    [InlineData("healthcheck: {disable: true}", new[] { "NONE" })]
    [InlineData("healthcheck: {interval: 5s}", new string[0])]
    public void A_health_check_is_read(string line, string[] test) => Assert.Equal(test, Composed.Service(line).Container.Health!.Test);

    [Theory]
    [InlineData("healthcheck: {test: [curl, x]}", "begins with CMD")]
    [InlineData("healthcheck: {interval: 5}", "is not a duration")]
    [InlineData("healthcheck: {interval: 100us}", "shorter than a millisecond")]
    [InlineData("mem_limit: lots", "is not a size")]
    [InlineData("mem_limit: 1m", "no memory limit under 6m")]
    [InlineData("mem_limit: 64m\nmem_reservation: 65m", "more than its limit")]
    [InlineData("cpus: -1", "is not a number of CPUs")]
    [InlineData("restart: sometimes", "'sometimes' is not")]
    [InlineData("network_mode: service:db", "containers may run on different nodes")]
    [InlineData("network_mode: host\nports: ['80:80']", "nothing can be published")]
    [InlineData("networks: [bak]", "did you mean 'back'?")]
    [InlineData("deploy: {mode: global, replicas: 2}", "once on every node")]
    [InlineData("deploy: {mode: replicated-job}", "use replicated or global")]
    [InlineData("init: maybe", "neither true nor false")]
    [InlineData("labels: {rpi.stack: x}", "belongs to the cluster")]
    [InlineData("extra_hosts: [somehost]", "is not name:address")]
    [InlineData("hostname: a_b!", "is not a host name")]
    [InlineData("user: [a]", "a list, where a value is wanted")]
    [InlineData("logging: {driver: syslog}", "the driver 'syslog' is not supported")]
    [InlineData("platform: windows/amd64", "is not a platform")]
    [InlineData("env_file: {path: x}", "the file x is not there")]
    public void A_bad_value_is_refused(string lines, string problem)
    {
        ImmutableArray<string> problems = Composed.ProblemsOf(lines);
        Assert.Contains(problem, Assert.Single(problems), StringComparison.Ordinal);
        Assert.Matches(@"^c\.yaml:[0-9]+:[0-9]+: services\.web", problems[0]);
    }

    [Fact]
    public void Everything_of_a_container_arrives_in_its_template()
    {
        ContainerTemplate container = Composed.Service("""
            hostname: www
            user: "1000:1000"
            working_dir: /srv
            stop_grace_period: 1m
            stop_signal: SIGQUIT
            init: true
            read_only: true
            tty: true
            cap_add: [NET_ADMIN]
            cap_drop: [ALL]
            extra_hosts: ["router:192.168.1.1", "me=host-gateway"]
            expose: ["80", "90-91/udp"]
            restart: "no"
            container_name: frontend
            """).Container;
        Assert.Equal(("www", "1000:1000", "/srv", "SIGQUIT"), (container.HostName, container.User, container.WorkingDir, container.StopSignal));
        Assert.Equal(TimeSpan.FromMinutes(1), container.StopGrace);
        Assert.True(container is { Init: true, ReadOnly: true, Tty: true, RestartCondition: "no" });
        Assert.Equal(["router:192.168.1.1", "me:host-gateway"], container.ExtraHosts);
        Assert.Equal(["80/tcp", "90/udp", "91/udp"], container.Expose);
        Assert.Equal(["web", "frontend"], Assert.Single(container.Networks).Aliases);
    }
}
