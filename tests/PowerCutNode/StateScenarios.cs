using System.Collections.Immutable;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Agent;
using RpiAgent.Agent.Containers;
using RpiAgent.Agent.Grpc;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Agent.NodeConfig.DockerOptions;
using RpiAgent.Identity;
using RpiAgent.Protos;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Tests.PowerCutNode;

/// <summary>Files that change one by one: host name, hosts, the engine's options.</summary>
internal sealed record HostNameScenario() : Scenario("host-name-and-engine-options")
{
    public override ImmutableSortedDictionary<string, string> Before { get; } = ImmutableSortedDictionary<string, string>.Empty
        .Add("/etc/hostname", "raspberrypi\n").Add("/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 raspberrypi\n");

    public override async Task ChangeAsync(string root)
    {
        using NodeConfigurator configurator = new(new AgentOptions { Root = root }, TimeProvider.System, NullLoggerFactory.Instance);
        NodeConfigOutcome outcome = await configurator.ApplyAsync(new NodeSpec("pi1", null, ["--log-driver=local"]), (_, _) => Task.FromResult(true), CancellationToken.None);
        if (outcome.Result != NodeConfigResult.Changed)
        {
            throw new InvalidOperationException(outcome.Detail);
        }
    }
}

/// <summary>The engine's options, where a person wrote some already.</summary>
internal sealed record EngineScenario() : Scenario("engine-options")
{
    public override bool IsTransaction => true;

    public override ImmutableSortedDictionary<string, string> Before { get; } = ImmutableSortedDictionary<string, string>.Empty
        .Add("/etc/default/docker", "# mine\nDOCKER_OPTS='--dns=10.0.0.1'\nHTTP_PROXY=http://proxy\n");

    public override async Task ChangeAsync(string root)
    {
        using NodeConfigurator configurator = new(new AgentOptions { Root = root }, TimeProvider.System, NullLoggerFactory.Instance);
        NodeConfigOutcome outcome = await configurator.ApplyAsync(new NodeSpec("", null, ["--log-driver=local"]), (_, _) => Task.FromResult(true), CancellationToken.None);
        if (outcome.Result != NodeConfigResult.Changed)
        {
            throw new InvalidOperationException(outcome.Detail);
        }
    }
}

/// <summary>Several files of the engine at once, some of them in folders that are not there yet.</summary>
internal sealed record EngineFilesScenario() : Scenario("engine-options-with-files-in-new-folders")
{
    public override bool IsTransaction => true;

    public override ImmutableSortedDictionary<string, string> Before { get; } = ImmutableSortedDictionary<string, string>.Empty
        .Add("/etc/default/docker", "DOCKER_OPTS='--dns=10.0.0.1'\n");

    public override async Task ChangeAsync(string root)
    {
        AgentOptions options = new() { Root = root };
        EngineTransaction engine = EngineTransaction.Create(options, new ConfigFiles(options), TimeProvider.System, NullLogger<EngineTransaction>.Instance);
        ChangeDockerOptions change = new(ImmutableSortedDictionary<string, byte[]>.Empty
            .Add("/etc/default/docker", "DOCKER_OPTS='--dns=10.0.0.2'\n"u8.ToArray()).Add(DockerOptionsPlanner.DropInPath, "[Service]\n"u8.ToArray())
            .Add("/etc/docker/keys/key.pem", "key\n"u8.ToArray()).Add("/etc/docker/keys/cert.pem", "certificate\n"u8.ToArray()));
        if (await engine.RunAsync(change, "order r1", triesWhatFailed: false, CancellationToken.None) is { } wrong)
        {
            throw new InvalidOperationException(wrong);
        }
    }
}

/// <summary>The held assignment and the newest leader's epoch, on a node that has never had either.</summary>
internal sealed record LedgerScenario() : Scenario("held-assignment")
{
    public override ImmutableSortedDictionary<string, string> Before { get; } = ImmutableSortedDictionary<string, string>.Empty;

    public override Task ChangeAsync(string root)
    {
        AgentOptions options = new() { Root = root };
        for (ulong epoch = 1; epoch <= 2; epoch++)
        {
            new EpochFence(options.State("epoch"), NullLogger<EpochFence>.Instance).Admit(epoch, out _);
            Wire.Assignment wire = new() { NodeId = "pi1", Version = new Wire.AssignmentVersion { Epoch = epoch, Generation = epoch } };
            new Ledger(options.State("assignment")).Save(RpiAgent.Agent.Containers.ProtoMapping.FromWire(wire));
        }

        return Task.CompletedTask;
    }

    /// <summary>An assignment that a leader was told is held is never older than the epoch that was refused for it.</summary>
    public override string? WhyBroken(string root)
    {
        AgentOptions options = new() { Root = root };
        Assignment? held = new Ledger(options.State("assignment")).Load();
        ulong kept = held?.Version.Epoch ?? 0;
        bool admitted = new EpochFence(options.State("epoch"), NullLogger<EpochFence>.Instance).Admit(kept, out ulong newest);
        return admitted || newest == kept + 1 ? null : $"epoch {newest} was heard, but the assignment is of {kept}";
    }
}

/// <summary>Key and certificate: enrolled, then renewed.</summary>
internal sealed record IdentityScenario() : Scenario("identity")
{
    public override ImmutableSortedDictionary<string, string> Before { get; } = ImmutableSortedDictionary<string, string>.Empty;

    public override Task ChangeAsync(string root)
    {
        using CertificateAuthority authority = CertificateAuthority.Create("test", TimeProvider.System.GetUtcNow(), TimeSpan.FromDays(1));
        CredentialFiles files = new(new AgentOptions { Root = root }.State("identity"), "node");
        for (int renewal = 0; renewal < 2; renewal++)
        {
            using ECDsa key = files.PrepareKey();
            using var certificate = authority.Issue(
                new System.Security.Cryptography.X509Certificates.PublicKey(key), new PeerIdentity(PeerRole.Node, "pi1"), HostNames.None, TimeProvider.System.GetUtcNow(), TimeSpan.FromHours(1));
            files.Commit(certificate.ExportCertificatePem(), authority.Certificate.ExportCertificatePem());
        }

        return Task.CompletedTask;
    }

    /// <summary>Either none at all, so that the node enrols, or a pair that fits.</summary>
    public override string? WhyBroken(string root)
    {
        try
        {
            new CredentialFiles(new AgentOptions { Root = root }.State("identity"), "node").Load();
            return null;
        }
        catch (Exception e) when (e is CryptographicException or IOException or ArgumentException)
        {
            return e.Message;
        }
    }
}
