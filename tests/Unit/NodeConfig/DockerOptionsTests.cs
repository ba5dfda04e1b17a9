using System.Collections.Immutable;
using System.Text;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Agent.NodeConfig.DockerOptions;
using RpiAgent.Identity;
using RpiAgent.Protos;
using Xunit;

namespace RpiAgent.Tests.Unit.NodeConfig;

/// <summary>Real cases from the packages of Debian and Docker, docker-machine, and dockerd's own refusals.</summary>
public class DockerOptionsTests
{
    private const string CeStart = "/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock";

    private static readonly EngineSetup Debian = EngineSetup.Debian with { Version = "20.10.24", Networks = [new Ipv4Range(Ipv4.Parse("192.168.1.102"), 24)] };

    /// <summary>docker-ce: neither EnvironmentFile= nor $DOCKER_OPTS.</summary>
    private static readonly EngineSetup Ce = Debian with { Starts = [new UnitStart("/lib/systemd/system/docker.service", CeStart)], UnitStart = CeStart, ReadsDefaults = false, Version = "28.2.0" };

    [Fact]
    public void Debians_engine_is_told_in_etc_default_docker_and_others_by_a_drop_in()
    {
        Assert.Equal("# Words of rpi-agent: --log-driver=local\nDOCKER_OPTS=\"--log-driver=local\"\n", Written(Debian, "--log-driver=local")["/etc/default/docker"]);
        string dropIn = Written(Ce, "--log-driver=local", "--label=load=50%")[DockerOptionsPlanner.DropInPath];
        Assert.Contains($"[Service]\nExecStart=\nExecStart={CeStart} --log-driver=local --label=load=50%%\n", dropIn, StringComparison.Ordinal);

        // Written once, the drop-in is what starts the engine; a second time changes nothing, other words change it.
        EngineSetup again = Ce with { DropIn = Encoding.ASCII.GetBytes(dropIn) };
        Assert.Empty(Written(again, "--log-driver=local", "--label=load=50%"));
        Assert.Contains($"ExecStart={CeStart} --debug\n", Written(again, "--debug")[DockerOptionsPlanner.DropInPath], StringComparison.Ordinal);

        // No longer ordered, or Debian's engine in the place of the other: nothing may hide the unit's own command.
        Assert.Equal("# Of rpi-agent; changes are overwritten.\n", Encoding.ASCII.GetString(DockerOptionsPlanner.Plan(again, [], "", "", withdraws: true)[DockerOptionsPlanner.DropInPath]));
        Dictionary<string, string> replaced = Written(Debian with { DropIn = again.DropIn }, "--log-driver=local");
        Assert.Equal(["/etc/default/docker", DockerOptionsPlanner.DropInPath], replaced.Keys);
        Assert.DoesNotContain("ExecStart", replaced[DockerOptionsPlanner.DropInPath], StringComparison.Ordinal);
    }

    [Fact]
    public void Somebody_elses_way_of_starting_the_engine_is_left_alone()
    {
        EngineSetup machine = Ce with { Starts = [new UnitStart("/etc/systemd/system/docker.service.d/10-machine.conf", "/usr/bin/dockerd -H tcp://0.0.0.0:2376")] };
        Assert.Equal((RefusalCodes.OptionConflict, "/etc/systemd/system/docker.service.d/10-machine.conf"), Refused(machine, "--debug"));
        Assert.Equal((RefusalCodes.OptionConflict, "docker.service"), Refused(Ce with { Starts = [], UnitStart = "" }, "--debug"));
    }

    [Theory]
    [InlineData("--cluster-store=consul://192.168.1.2:8500", RefusalCodes.OptionRemoved)]
    [InlineData("-H tcp://0.0.0.0:2375", RefusalCodes.InsecureDockerTcp)]
    [InlineData("--host=tcp://0.0.0.0:2375", RefusalCodes.InsecureDockerTcp)]
    [InlineData("-H=0.0.0.0:2375", RefusalCodes.InsecureDockerTcp)]
    [InlineData("-H0.0.0.0:2375", RefusalCodes.InsecureDockerTcp)]
    [InlineData("-H :2375", RefusalCodes.InsecureDockerTcp)]
    [InlineData("-DH :2375", RefusalCodes.InsecureDockerTcp)]
    [InlineData("--host 192.168.1.102", RefusalCodes.InsecureDockerTcp)]
    [InlineData("--host=:2375", RefusalCodes.InsecureDockerTcp)]
    [InlineData("--live-restore", RefusalCodes.OptionConflict)]
    [InlineData("--live-restore=1", RefusalCodes.OptionConflict)]
    [InlineData("--bip=192.168.1.1/24", RefusalCodes.OptionConflict)]
    [InlineData("--bip 10.200.0.1", RefusalCodes.BadDockerOption)]
    [InlineData("--debug --debug", RefusalCodes.OptionConflict)]
    [InlineData("-D --debug=false", RefusalCodes.OptionConflict)]
    [InlineData("--default-address-pool=base=192.168.0.0/16,size=20", RefusalCodes.OptionConflict)]
    [InlineData("--default-address-pool base=10.201.0.0/16,size=8", RefusalCodes.BadDockerOption)]
    [InlineData("--label=a$b", RefusalCodes.BadDockerOption)]
    [InlineData("--label='a", RefusalCodes.BadDockerOption)]
    [InlineData("stray --debug", RefusalCodes.BadDockerOption)]
    [InlineData("--log-opt=max-size=10q", RefusalCodes.BadDockerOption)]
    [InlineData("--log-driver=local --log-opt max-size=0", RefusalCodes.BadDockerOption)]
    [InlineData("--log-opt=max-size=10m --log-opt=max-file=0", RefusalCodes.BadDockerOption)]
    [InlineData("--log-opt=compress=yes", RefusalCodes.BadDockerOption)]
    [InlineData("--log-opt=compress=true --log-opt=max-size=1m", RefusalCodes.BadDockerOption)]
    [InlineData("--log-driver=local --log-opt=max-file=1", RefusalCodes.BadDockerOption)]
    [InlineData("--log-opt=max-size=1m --log-opt=max-size=2m", RefusalCodes.OptionConflict)]
    public void What_would_break_or_open_the_engine_is_refused(string words, string code) => Assert.Equal(code, Refused(Debian, words.Split(' ')).Code);

    [Theory]
    [InlineData("-H tcp://0.0.0.0:2375 --tls=false")]
    [InlineData("-H tcp://0.0.0.0:2376 --tlsverify --tlscacert=/etc/docker/ca.pem")]
    [InlineData("--default-address-pool base=10.201.0.0/16,size=24 --default-address-pool base=10.202.0.0/16,size=24")]
    [InlineData("--log-opt max-size=10m --log-opt max-file=3")]
    [InlineData("--log-driver=local --log-opt=max-size=1.5MiB --log-opt=max-file=1 --log-opt=compress=false")]
    [InlineData("--log-driver=syslog --log-opt=max-size=any")]
    [InlineData("-H tcp://0.0.0.0:2376 --tlsverify")]
    [InlineData("--feature=a=true --feature=b=false --host-gateway-ip=10.0.0.1 --host-gateway-ip=fd00::1")]
    [InlineData("-H unix:///run/other.sock --host=fd:// --live-restore=false")]
    [InlineData("--bip=10.200.0.1/24 --authorization-plugin=a --authorization-plugin=b")]
    public void What_is_asked_for_in_so_many_words_or_may_be_given_twice_is_taken(string words) =>
        Assert.Equal($"# Words of rpi-agent: {words}\nDOCKER_OPTS=\"{words}\"\n", Written(Debian, words.Split(' '))["/etc/default/docker"]);

    [Fact]
    public void An_engine_that_still_knows_cluster_store_may_have_it_and_one_of_unknown_version_not()
    {
        Assert.NotEmpty(Written(Debian with { Version = "1.12.6" }, "--cluster-store=consul://192.168.1.2:8500"));
        Assert.Equal(RefusalCodes.OptionRemoved, Refused(Debian with { Version = "" }, "--cluster-store=consul://192.168.1.2:8500").Code);
    }

    /// <summary>dockerd: "the following directives are specified both as a flag and in the configuration file".</summary>
    [Theory]
    [InlineData("""{"log-opts": {"max-size": "10m"}}""", "--log-opt=max-size=5m")]
    [InlineData("""{"debug": true}""", "-D")]
    [InlineData("""{"hosts": ["unix:///var/run/docker.sock"]}""", "--debug")] // the unit's own -H fd://
    public void One_setting_in_two_places_is_refused(string daemon, string word) =>
        Assert.Equal((RefusalCodes.OptionConflict, "/etc/docker/daemon.json"), Refused(Debian with { Daemon = Encoding.UTF8.GetBytes(daemon) }, word));

    [Fact]
    public void A_daemon_json_that_cannot_be_read_is_refused_and_an_empty_one_is_none()
    {
        Assert.Equal((RefusalCodes.Parse, "/etc/docker/daemon.json"), Refused(Debian with { Daemon = "{\"debug\": true"u8.ToArray() }, "--debug"));
        Assert.NotEmpty(Written(Debian with { Daemon = "\n"u8.ToArray() }, "--debug"));
        Assert.Equal((RefusalCodes.OptionConflict, "docker.service"), Refused(Ce, "--containerd=/run/other.sock"));
    }

    [Fact]
    public void The_TLS_port_is_opened_with_the_nodes_own_certificate_and_closed_again()
    {
        EngineSetup enrolled = Debian with { Identity = ("cert"u8.ToArray(), "key"u8.ToArray()) };
        ImmutableSortedDictionary<string, byte[]> files = DockerOptionsPlanner.Plan(enrolled, ["--debug"], "clients", "");
        string defaults = Encoding.ASCII.GetString(files["/etc/default/docker"]);
        Assert.Contains("--debug -H=tcp://0.0.0.0:2376 --tlsverify --tlscacert=/etc/docker/rpi-agent/clients.pem", defaults, StringComparison.Ordinal);
        Assert.Equal(["/etc/default/docker", .. EngineTls.Paths.Order(StringComparer.Ordinal)], files.Keys);
        Assert.Equal("key"u8, files["/etc/docker/rpi-agent/key.pem"]);

        // The same again is nothing to do; a renewed certificate is.
        EngineSetup open = enrolled with { Defaults = files["/etc/default/docker"], TlsFiles = files.Remove("/etc/default/docker") };
        Assert.Empty(DockerOptionsPlanner.Plan(open, ["--debug"], "clients", ""));
        Assert.Equal(EngineTls.Paths.Order(StringComparer.Ordinal), DockerOptionsPlanner.Plan(open with { Identity = ("cert2"u8.ToArray(), "key2"u8.ToArray()) }, ["--debug"], "clients", "").Keys);

        // No longer asked for, with and without other options; what a person wrote stays as it is.
        Assert.Equal("# Words of rpi-agent: --debug\nDOCKER_OPTS=\"--debug\"\n", Written(open, "--debug")["/etc/default/docker"]);
        Assert.Equal("DOCKER_OPTS=\"\"\n", Written(open)["/etc/default/docker"]);
        Assert.Empty(Written(Debian with { Defaults = "DOCKER_OPTS='-H tcp://0.0.0.0:2375'\n"u8.ToArray() }));
        Assert.Throws<RefusalException>(() => DockerOptionsPlanner.Plan(Debian, [], "clients", ""));
    }

    [Fact]
    public void A_renewed_certificate_waits_until_the_engine_may_restart_for_it()
    {
        (byte[] first, string firstSerial) = Certificate();
        (byte[] second, string secondSerial) = Certificate();
        EngineSetup enrolled = Debian with { Identity = (first, "key1"u8.ToArray()) };
        ImmutableSortedDictionary<string, byte[]> files = DockerOptionsPlanner.Plan(enrolled, ["--debug"], "clients", firstSerial);
        EngineSetup open = enrolled with { Defaults = files["/etc/default/docker"], TlsFiles = files.Remove("/etc/default/docker") };
        Assert.Empty(DockerOptionsPlanner.Plan(open, ["--debug"], "clients", firstSerial));

        // Renewed, and not yet ordered; ordered; ordered before the answer of the renewal came.
        EngineSetup renewed = open with { Identity = (second, "key2"u8.ToArray()) };
        Assert.Empty(DockerOptionsPlanner.Plan(renewed, ["--debug"], "clients", firstSerial));
        Assert.Equal([second, "key2"u8.ToArray()], DockerOptionsPlanner.Plan(renewed, ["--debug"], "clients", secondSerial).Where(file => !file.Key.EndsWith("clients.pem", StringComparison.Ordinal)).Select(file => file.Value));
        Assert.Empty(DockerOptionsPlanner.Plan(open, ["--debug"], "clients", secondSerial));

        // Other clients are let in at once, by the certificate there is.
        ImmutableSortedDictionary<string, byte[]> others = DockerOptionsPlanner.Plan(renewed, ["--debug"], "others", firstSerial);
        Assert.Equal([first, "others"u8.ToArray(), "key1"u8.ToArray()], others.Values);

        static (byte[] Pem, string Serial) Certificate()
        {
            using CertificateAuthority authority = CertificateAuthority.Create("test", TimeProvider.System.GetUtcNow(), TimeSpan.FromDays(1));
            return (Encoding.ASCII.GetBytes(authority.Certificate.ExportCertificatePem()), authority.Certificate.SerialNumber);
        }
    }

    [Fact]
    public void Somebodys_drop_in_counts_as_the_unit_does()
    {
        const string theirs = "/etc/systemd/system/docker.service.d/override.conf";
        EngineSetup overridden = Debian with { Starts = [new UnitStart(theirs, "/usr/sbin/dockerd -H fd:// --data-root=/x $DOCKER_OPTS")] };
        Assert.Equal((RefusalCodes.OptionConflict, theirs), Refused(overridden, "--data-root=/y"));
        Assert.Equal((RefusalCodes.OptionConflict, "/etc/docker/daemon.json"), Refused(overridden with { Daemon = "{\"data-root\": \"/z\"}"u8.ToArray() }, "--debug"));
        Assert.NotEmpty(Written(overridden, "--debug"));
    }

    [Fact]
    public void Options_that_are_no_longer_ordered_go_and_a_persons_own_stay()
    {
        EngineSetup set = Debian with { Defaults = "# Words of rpi-agent: --debug\nDOCKER_OPTS=\"--dns 1.1.1.1 --debug\"\n"u8.ToArray() };
        Assert.Empty(DockerOptionsPlanner.Plan(set, [], "", ""));
        Assert.Equal("DOCKER_OPTS=\"--dns 1.1.1.1\"\n"u8, DockerOptionsPlanner.Plan(set, [], "", "", withdraws: true)["/etc/default/docker"]);
    }

    [Theory]
    [InlineData("--data-root=/mnt/ssd", "--debug", "--data-root=/mnt/ssd --debug")]
    [InlineData("--data-root /mnt/ssd -D", "--debug=true --data-root=/mnt/ssd", null)]
    [InlineData("--dns=1.1.1.1", "--dns=1.1.1.1 --dns=8.8.8.8", "--dns=1.1.1.1 --dns=8.8.8.8")]
    [InlineData("--log-opt max-file=3", "--log-opt=max-size=5m", "--log-opt max-file=3 --log-opt=max-size=5m")]
    public void A_persons_words_stay_before_ours_and_are_not_said_twice(string theirs, string ours, string? both)
    {
        Dictionary<string, string> written = Written(Debian with { Defaults = Encoding.ASCII.GetBytes($"DOCKER_OPTS=\"{theirs}\"\n") }, ours.Split(' '));
        if (both is null)
        {
            Assert.Empty(written);
        }
        else
        {
            Assert.EndsWith($"DOCKER_OPTS=\"{both}\"\n", written["/etc/default/docker"], StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("--data-root=/mnt/ssd", "--data-root=/mnt/hdd")]
    [InlineData("-D", "--debug=false")]
    [InlineData("--log-opt max-size=10m", "--log-opt=max-size=5m")]
    [InlineData("--label=zone=attic", "--label=zone=cellar")]
    public void A_person_who_says_otherwise_is_not_overruled(string theirs, string ours)
    {
        EngineSetup setup = Debian with { Defaults = Encoding.ASCII.GetBytes($"# mine\nDOCKER_OPTS=\"{theirs}\"\n") };
        Assert.Equal((RefusalCodes.OptionConflict, "/etc/default/docker:2"), Refused(setup, ours));
    }

    [Theory]
    [InlineData("{\"live-restore\": true}", RefusalCodes.OptionConflict, "/etc/docker/daemon.json")]
    [InlineData("{\"cluster-store\": \"consul://10.0.0.1:8500\"}", RefusalCodes.OptionRemoved, "/etc/docker/daemon.json")]
    [InlineData("{\"live-restore\": false}", null, null)]
    public void What_does_not_go_with_the_cluster_is_told_wherever_it_stands(string daemon, string? code, string? at)
    {
        EngineSetup setup = Debian with { Daemon = Encoding.UTF8.GetBytes(daemon) };
        if (code is null)
        {
            Assert.NotEmpty(Written(setup, "--debug"));
        }
        else
        {
            Assert.Equal((code, at), Refused(setup, "--debug"));
        }

        Assert.Equal((RefusalCodes.OptionConflict, "/etc/default/docker:1"), Refused(Debian with { Defaults = "DOCKER_OPTS=--live-restore\n"u8.ToArray() }, "--debug"));
    }

    [Fact]
    public void An_address_pool_that_swallows_the_node_is_refused_also_when_it_is_in_force()
    {
        const string pool = "--default-address-pool=base=10.201.0.0/16,size=24";
        EngineSetup used = Debian with { Defaults = Encoding.ASCII.GetBytes($"# Words of rpi-agent: {pool}\nDOCKER_OPTS=\"{pool}\"\n") };
        Assert.Empty(Written(used, pool));
        Assert.Equal(RefusalCodes.OptionConflict, Refused(used with { Networks = [new Ipv4Range(Ipv4.Parse("10.201.1.1"), 24)] }, pool).Code);
        Assert.NotEmpty(Written(Debian, "--default-address-pool=base=fd00:10::/56,size=64"));
    }

    [Fact]
    public void Systemctl_cat_is_read_with_resets_continuations_and_the_file_of_each_line()
    {
        (ImmutableArray<UnitStart> starts, string unit, bool readsDefaults) = UnitText.Parse("""
            # /lib/systemd/system/docker.service
            [Service]
            EnvironmentFile=-/etc/default/docker
            ExecStart=/usr/sbin/dockerd -H fd:// \
              $DOCKER_OPTS

            # /etc/systemd/system/docker.service.d/10-machine.conf
            [Service]
            ExecStart=
            ExecStart=/usr/bin/dockerd
            """);
        Assert.Equal([new UnitStart("/etc/systemd/system/docker.service.d/10-machine.conf", "/usr/bin/dockerd")], starts);
        Assert.Equal(["/usr/sbin/dockerd", "-H", "fd://", "$DOCKER_OPTS"], unit.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.True(readsDefaults);
    }

    [Fact]
    public void A_drop_in_of_somebody_else_is_seen_behind_our_own_and_with_blanks_around_the_equals_sign()
    {
        (ImmutableArray<UnitStart> starts, _, _) = UnitText.Parse("""
            # /lib/systemd/system/docker.service
            [Service]
            ExecStart=/usr/bin/dockerd -H fd://
            # /etc/systemd/system/docker.service.d/10-machine.conf
            [Service]
            ExecStart =
            ExecStart = /usr/bin/dockerd -H tcp://0.0.0.0:2376
            # /etc/systemd/system/docker.service.d/10-rpi-agent.conf
            [Service]
            ExecStart=
            ExecStart=/usr/bin/dockerd -H fd:// --debug
            """);
        Assert.Equal([new UnitStart("/etc/systemd/system/docker.service.d/10-machine.conf", "/usr/bin/dockerd -H tcp://0.0.0.0:2376")], starts);
    }

    private static (string Code, string At) Refused(EngineSetup setup, params string[] words)
    {
        Refusal refusal = Assert.Throws<RefusalException>(() => DockerOptionsPlanner.Plan(setup, [.. words], "", "")).Refusal;
        return (refusal.Code, refusal.At);
    }

    private static Dictionary<string, string> Written(EngineSetup setup, params string[] words) =>
        DockerOptionsPlanner.Plan(setup, [.. words], "", "").ToDictionary(file => file.Key, file => Encoding.ASCII.GetString(file.Value));
}
