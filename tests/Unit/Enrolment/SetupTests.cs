using System.Text.Json;
using RpiAgent.Coordinator;
using RpiAgent.Coordinator.Setup;
using RpiAgent.Identity;
using Xunit;

namespace RpiAgent.Tests.Unit.Enrolment;

public sealed class SetupTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);
    private static readonly Version Consul = new(1, 8, 7);
    private readonly List<string> _told = [];
    private readonly CoordinatorOptions _options = new()
    {
        StateDirectory = Path.Join(Directory.CreateTempSubdirectory("rpi-init-").FullName, "state"),
        AdvertiseAddress = "192.168.1.2",
        DockerTls = true,
    };

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_options.StateDirectory)!, recursive: true);

    [Fact]
    public void The_second_run_changes_no_byte()
    {
        Apply(Now);
        Dictionary<string, string> before = Snapshot();
        Assert.Contains(_told, line => line.Contains("made a CA", StringComparison.Ordinal));
        _told.Clear();

        Apply(Now + TimeSpan.FromDays(1));

        Assert.Empty(_told);
        Assert.Equal(before, Snapshot());
    }

    [Fact]
    public void Keys_and_tokens_are_for_the_owner_alone()
    {
        Apply(Now);
        foreach (string secret in (string[])["ca.key", "coordinator.key", "operator.key", "consul/consul.key", "consul/management-token", "consul/consul.json", "docker/key.pem", "docker-clients/ca.key", "docker-clients/operator.key"])
        {
            Assert.Equal(AtomicFile.Private, File.GetUnixFileMode(_options.State(secret)));
        }

        Assert.Equal(AtomicFile.PrivateDirectory, File.GetUnixFileMode(_options.StateDirectory));
    }

    [Fact]
    public void Whatever_file_is_missing_after_a_cut_is_made_again_with_the_same_CA()
    {
        Apply(Now);
        string digest = new ClusterFiles(_options).LoadAuthority().Digest;
        foreach (string lost in (string[])["coordinator.pem", "coordinator.key", "operator.pem", "consul/consul.json", "consul/consul.pem", "consul/ca.pem", "consul/consul.key", "docker/cert.pem", "docker-clients/operator.pem", "docker-clients/ca.pem"])
        {
            File.Delete(_options.State(lost));
            Apply(Now);
            Assert.True(File.Exists(_options.State(lost)), lost);
        }

        Assert.Equal(digest, new ClusterFiles(_options).LoadAuthority().Digest);
        Assert.Equal(new PeerIdentity(PeerRole.Coordinator, "coordinator"), new ClusterFiles(_options).Coordinator.Load()!.Identity);
    }

    [Fact]
    public void A_CA_cut_off_before_its_certificate_is_made_anew_but_a_lost_one_is_never_replaced()
    {
        Directory.CreateDirectory(_options.StateDirectory);
        File.WriteAllText(_options.State("ca.key"), "half");
        Apply(Now);
        File.Delete(_options.State("ca.pem"));

        SetupException refused = Assert.Throws<SetupException>(() => Apply(Now));
        Assert.Contains("restore it from a backup", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Certificates_are_made_anew_for_another_address_and_in_their_last_half()
    {
        Apply(Now);
        string first = new ClusterFiles(_options).Coordinator.Load()!.Certificate.SerialNumber;
        _options.AdvertiseAddress = "192.168.1.3";
        Apply(Now);
        string second = new ClusterFiles(_options).Coordinator.Load()!.Certificate.SerialNumber;
        Apply(Now + TimeSpan.FromDays(400));
        string third = new ClusterFiles(_options).Coordinator.Load()!.Certificate.SerialNumber;

        Assert.Equal(3, new HashSet<string> { first, second, third }.Count);
    }

    [Theory]
    [InlineData("1.8.7", "master", false)]
    [InlineData("1.11.0", "initial_management", false)]
    [InlineData("1.19.2", "initial_management", true)]
    public void Consul_is_configured_in_its_releases_own_words(string version, string management, bool grpcTls)
    {
        JsonElement root = JsonDocument.Parse(ConsulConfiguration.Render(_options, Version.Parse(version), "token-1")).RootElement;

        Assert.Equal("token-1", root.GetProperty("acl").GetProperty("tokens").GetProperty(management).GetString());
        Assert.Equal(grpcTls, root.GetProperty("ports").TryGetProperty("grpc_tls", out _));
        Assert.Equal((-1, 8501), (root.GetProperty("ports").GetProperty("http").GetInt32(), root.GetProperty("ports").GetProperty("https").GetInt32()));
        Assert.Equal("deny", root.GetProperty("acl").GetProperty("default_policy").GetString());
        Assert.True(root.GetProperty("verify_incoming").GetBoolean());
    }

    [Theory]
    [InlineData("Consul v1.8.7\nProtocol 2", "1.8.7")]
    [InlineData("Consul v1.8.7+dfsg1-2", "1.8.7")]
    [InlineData("Consul v1.19.2", "1.19.2")]
    [InlineData("bash: consul: not found", null)]
    public void The_release_is_read_from_what_consul_says(string output, string? version) =>
        Assert.Equal(version, ConsulConfiguration.ParseVersion(output)?.ToString());

    private void Apply(DateTimeOffset now) => SetupCommand.Apply(_options, Consul, now, _told.Add);

    private Dictionary<string, string> Snapshot() =>
        Directory.GetFiles(_options.StateDirectory, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .ToDictionary(path => path, path => File.ReadAllText(path), StringComparer.Ordinal);
}
