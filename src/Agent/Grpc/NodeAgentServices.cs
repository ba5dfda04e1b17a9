using System.Collections.Immutable;
using Microsoft.Extensions.Options;
using RpiAgent.Agent.Containers;
using RpiAgent.Agent.Engine;
using RpiAgent.Agent.Images;
using RpiAgent.Agent.NodeConfig.DockerOptions;
using RpiAgent.Agent.Status;
using RpiAgent.Agent.Swarm;
using RpiAgent.Identity;

namespace RpiAgent.Agent.Grpc;

/// <summary>Puts the features that work on dockerd together: what each of them says goes to the board, what each needs of another comes from here.</summary>
internal static class NodeAgentServices
{
    /// <summary>Needs <see cref="NodeHost"/>, <see cref="ClusterTls"/>, <see cref="AgentOptions"/>, <see cref="TimeProvider"/> and AddGrpc.</summary>
    public static IServiceCollection AddNodeAgent(this IServiceCollection services) => services
        .AddSingleton<SteadyTime>()
        .AddSingleton<EngineHold>(provider => new EngineTrial(provider.GetRequiredService<IOptions<AgentOptions>>().Value).WhyNot)
        .AddEngine()
        .AddSingleton(Board)
        .AddSingleton<Action<ContainersReport>>(provider => Publish(provider.GetRequiredService<StatusBoard>()))
        .AddSingleton<Action<ImmutableArray<ImageRecord>>>(provider => PublishImages(provider.GetRequiredService<StatusBoard>()))
        .AddSingleton<Action<SwarmState>>(provider => PublishSwarm(provider.GetRequiredService<StatusBoard>()))
        .AddSingleton<PeerChannels>()
        .AddSingleton<PeerImageSource>(provider => provider.GetRequiredService<PeerChannels>().OpenImage)
        .AddSingleton<ImageSupplier>(provider => Fetch(provider.GetRequiredService<ImageFetcher>()))
        .AddContainers()
        .AddImages()
        .AddSwarm()
        .AddSingleton(provider => new EpochFence(
            provider.GetRequiredService<IOptions<AgentOptions>>().Value.State(EpochFence.FileName), provider.GetRequiredService<ILogger<EpochFence>>()))
        .AddSingleton<NodeDescriber>()
        .AddSingleton<AssignmentDesk>()
        .AddSingleton<SwarmDesk>()
        .AddSingleton<ImageStreaming>()
        .AddSingleton<ImageDesk>()
        .AddSingleton<NodeDesk>()
        .AddSingleton<NodeAgentService>();

    private static StatusBoard Board(IServiceProvider provider)
    {
        NodeHost host = provider.GetRequiredService<NodeHost>();
        string proc = provider.GetRequiredService<IOptions<AgentOptions>>().Value.Under("/proc");
        StatusBoard board = new(host.Id.Value, host.Address, () => SystemLoad.Read(proc), provider.GetRequiredService<TimeProvider>());
        provider.GetRequiredService<EngineWatch>().Listen(happened =>
        {
            if (happened.Kind is EngineEventKind.Connected or EngineEventKind.Disconnected)
            {
                bool up = happened.Kind == EngineEventKind.Connected;
                board.Update(report => report with { EngineUp = up, EngineError = happened.Action });
            }
        });
        return board;
    }

    private static Action<ContainersReport> Publish(StatusBoard board) => containers => board.Update(report => report with
    {
        Held = Containers.ProtoMapping.ToWire(containers.Held),
        Containers = [.. containers.Containers.Select(Containers.ProtoMapping.ToWire)],
        Warnings = containers.Warnings,
    });

    private static Action<ImmutableArray<ImageRecord>> PublishImages(StatusBoard board) => images =>
        board.Update(report => report with { Images = [.. images.Select(Images.ProtoMapping.ToWire)] });

    private static Action<SwarmState> PublishSwarm(StatusBoard board) => swarm =>
        board.Update(report => report with { Swarm = Swarm.ProtoMapping.ToWire(swarm) });

    private static ImageSupplier Fetch(ImageFetcher fetcher) => (wanted, cancel) => fetcher.FetchAsync(
        new ImageRequest(wanted.Image, wanted.ImageId, [.. wanted.Sources.Select(source => new ImagePeer(source.Node, source.Address))]), cancel);
}
