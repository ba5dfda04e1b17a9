using System.Reflection;
using Docker.DotNet.Models;
using Google.Protobuf.WellKnownTypes;
using RpiAgent.Agent.Engine;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Agent.Grpc;

/// <summary>Says what this node is. Without an engine the rest is still told.</summary>
internal sealed class NodeDescriber(NodeHost host, DockerEngine engine, TimeProvider time)
{
    private readonly Timestamp _startedAt = Timestamp.FromDateTimeOffset(time.GetUtcNow());

    public static string AgentVersion { get; } =
        typeof(NodeDescriber).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";

    public async Task<Wire.NodeDescription> DescribeAsync(CancellationToken cancel) => new()
    {
        NodeId = host.Id.Value,
        Name = host.Name(),
        AgentVersion = AgentVersion,
        Hardware = host.Hardware(),
        Network = host.Network(),
        StartedAt = _startedAt,
        Engine = await EngineAsync(cancel),
    };

    /// <returns>Null when the engine does not answer.</returns>
    public async Task<Wire.EngineInfo?> EngineAsync(CancellationToken cancel)
    {
        try
        {
            Task<VersionResponse> version = engine.VersionAsync(cancel);
            SystemInfoResponse info = await engine.InfoAsync(cancel);
            Wire.EngineInfo described = new()
            {
                Version = info.ServerVersion ?? "",
                ApiVersion = (await version).APIVersion ?? "",
                Os = info.OSType ?? "",
                Architecture = info.Architecture ?? "",
                Cpus = (uint)info.NCPU,
                MemoryBytes = (ulong)info.MemTotal,
                MemoryLimit = info.MemoryLimit,
                StorageDriver = info.Driver ?? "",
                KernelVersion = info.KernelVersion ?? "",
                OperatingSystem = info.OperatingSystem ?? "",
            };
            described.Labels.AddRange(info.Labels ?? []);
            return described;
        }
        catch (EngineException e) when (e.Unreachable)
        {
            return null;
        }
    }
}
