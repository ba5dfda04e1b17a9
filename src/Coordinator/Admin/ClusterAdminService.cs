using System.Reflection;
using Grpc.Core;
using Microsoft.Extensions.Options;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Enrolment;
using RpiAgent.Coordinator.Model;
using RpiAgent.Identity;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Admin;

/// <summary>What rpictl talks to. Reads the snapshot, writes what people want into the stores.</summary>
internal sealed class ClusterAdminService(
    ClusterState state, TokenStore tokens, NodeStore nodes, StackAdmin stacks, StreamAdmin streams, NodeAdmin nodeAdmin, SshKeyAdmin sshKeys, IOptions<CoordinatorOptions> options, TimeProvider time, SteadyTime steady)
    : ClusterAdmin.ClusterAdminBase
{
    private static readonly TimeSpan LongestToken = TimeSpan.FromDays(365);
    private const uint MostUses = 1000;

    private static readonly string Version =
        (typeof(ClusterAdminService).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0").Split('+')[0];

    public override Task<GetVersionReply> GetVersion(GetVersionRequest request, ServerCallContext context)
    {
        LeaderView leader = state.Current.Leader;
        return Task.FromResult(new GetVersionReply { Version = Version, Leader = leader.Address, Epoch = leader.Epoch });
    }

    public override async Task<CreateTokenReply> CreateToken(CreateTokenRequest request, ServerCallContext context)
    {
        TimeSpan lifetime = request.Lifetime?.ToTimeSpan() is { } given && given != TimeSpan.Zero ? given : TimeSpan.FromHours(options.Value.TokenHours);
        uint uses = request.Uses == 0 ? (uint)options.Value.TokenUses : request.Uses;
        if (lifetime < TimeSpan.FromSeconds(1) || lifetime > LongestToken || uses > MostUses || request.Note.Length > 200)
        {
            throw new AdminRefusal(RefusalKind.BadRequest, $"a token lives from a second to {LongestToken.Days} days, serves up to {MostUses} nodes and carries a note of up to 200 characters");
        }

        (JoinToken token, TokenRecord record) = await tokens.CreateAsync(lifetime, (int)uses, request.Note, context.CancellationToken);
        return new CreateTokenReply { Token = token.Reveal(), Info = ClusterViews.Token(record, time.GetUtcNow()) };
    }

    public override async Task<ListTokensReply> ListTokens(ListTokensRequest request, ServerCallContext context)
    {
        ListTokensReply reply = new();
        reply.Tokens.Add((await tokens.ListAsync(context.CancellationToken)).Select(token => ClusterViews.Token(token, time.GetUtcNow())));
        return reply;
    }

    public override async Task<RevokeTokenReply> RevokeToken(RevokeTokenRequest request, ServerCallContext context)
    {
        TokenRecord revoked = await tokens.RevokeAsync(request.Id.ToLowerInvariant(), context.CancellationToken)
            ?? throw new AdminRefusal(RefusalKind.Unknown, $"no token, or more than one, has an id that begins with '{request.Id}' (four digits or more); see `rpictl token ls`");
        return new RevokeTokenReply { Info = ClusterViews.Token(revoked, time.GetUtcNow()) };
    }

    public override Task<ListNodesReply> ListNodes(ListNodesRequest request, ServerCallContext context)
    {
        ClusterSnapshot cluster = state.Current;
        ListNodesReply reply = new();
        IEnumerable<NodeView> asked = request.Node.Length > 0 ? [NodeLookup.Find(cluster, request.Node)] : cluster.Nodes.Values.OrderBy(node => node.Name, NaturalOrder.Instance);
        reply.Nodes.Add(asked.Select(node => NodeViews.Of(node, cluster, steady)));
        return Task.FromResult(reply);
    }

    public override async Task<NodeInfo> LabelNode(LabelNodeRequest request, ServerCallContext context)
    {
        NodeView node = NodeLookup.Find(state.Current, request.Node);
        NodeRecord record = await nodes.UpdateAsync(node.Id, old => NodeLabels.Change(old, request.Set, request.Remove), context.CancellationToken)
            ?? throw new AdminRefusal(RefusalKind.Unknown, $"the node {node.Name} was removed just now");
        await state.ShownAsync(cluster => !cluster.Nodes.TryGetValue(node.Id, out NodeView? shown) || shown.Record.Labels.SequenceEqual(record.Labels), time, context.CancellationToken);
        return NodeViews.Of(node with { Record = record }, state.Current, steady);
    }

    public override Task<RolloutNode> SetNodeAddress(SetNodeAddressRequest request, ServerCallContext context) =>
        nodeAdmin.SetAddressAsync(request, context.CancellationToken);

    public override Task<GetRolloutReply> GetRollout(GetRolloutRequest request, ServerCallContext context) =>
        Task.FromResult(nodeAdmin.Rollout());

    public override Task<RolloutNode> RetryRollout(RetryRolloutRequest request, ServerCallContext context) =>
        nodeAdmin.RetryAsync(request, context.CancellationToken);

    public override Task<SshKeyReply> AddSshKey(AddSshKeyRequest request, ServerCallContext context) =>
        sshKeys.AddAsync(request, context.CancellationToken);

    public override Task<ListSshKeysReply> ListSshKeys(ListSshKeysRequest request, ServerCallContext context) =>
        Task.FromResult(sshKeys.List());

    public override Task<SshKeyReply> RemoveSshKey(RemoveSshKeyRequest request, ServerCallContext context) =>
        sshKeys.RemoveAsync(request, context.CancellationToken);

    public override Task<GetSwarmReply> GetSwarm(GetSwarmRequest request, ServerCallContext context) =>
        Task.FromResult(ClusterViews.Swarm(state.Current));

    public override Task<DeployStackReply> DeployStack(DeployStackRequest request, ServerCallContext context) =>
        stacks.DeployAsync(request, context.CancellationToken);

    public override Task<PlanStackReply> PlanStack(DeployStackRequest request, ServerCallContext context) =>
        stacks.PlanAsync(request, context.CancellationToken);

    public override Task<ListStacksReply> ListStacks(ListStacksRequest request, ServerCallContext context) =>
        Task.FromResult(ClusterViews.Stacks(state.Current, time.GetUtcNow()));

    public override Task<ListReplicasReply> ListReplicas(ListReplicasRequest request, ServerCallContext context)
    {
        ClusterSnapshot cluster = state.Current;
        string? stack = request.Stack.Length == 0 ? null : request.Stack;
        // A removed stack is shown while replicas of it are still told to run.
        if (stack is not null && !cluster.Assignments.Values.SelectMany(node => node.Replicas).Any(replica => replica.Stack == stack))
        {
            NodeLookup.Stack(cluster, stack);
        }

        ListReplicasReply reply = new();
        reply.Replicas.Add(ReplicaViews.Of(cluster, stack, time.GetUtcNow()));
        return Task.FromResult(reply);
    }

    public override Task<RemoveStackReply> RemoveStack(RemoveStackRequest request, ServerCallContext context) =>
        stacks.RemoveAsync(request, context.CancellationToken);

    public override Task ReadStackLogs(ReadStackLogsRequest request, IServerStreamWriter<StackLogChunk> responseStream, ServerCallContext context) =>
        streams.ReadLogsAsync(request, responseStream, context.CancellationToken);

    public override Task<LoadImageReply> LoadImage(IAsyncStreamReader<LoadImageRequest> requestStream, ServerCallContext context) =>
        streams.LoadAsync(requestStream, context.CancellationToken);

    public override Task<ListImagesReply> ListImages(ListImagesRequest request, ServerCallContext context) =>
        Task.FromResult(ClusterViews.Images(state.Current));
}
