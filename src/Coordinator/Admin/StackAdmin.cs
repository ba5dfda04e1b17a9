using System.Collections.Immutable;
using System.Text;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Enrolment;
using RpiAgent.Coordinator.Model;
using RpiAgent.Coordinator.Stacks;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Admin;

/// <summary>Deploys, plans and removes stacks. Writes only what is wanted; the reconcile loop does the rest.</summary>
internal sealed partial class StackAdmin(ClusterState state, StackStore store, IStackPlanner planner, CoordinatorOptions options, TimeProvider time, ILogger<StackAdmin> logger)
{
    private readonly ILogger<StackAdmin> _logger = logger;

    public async Task<DeployStackReply> DeployAsync(DeployStackRequest request, CancellationToken cancel)
    {
        ComposeReading reading = ComposeReader.Read(Bundle(request));
        DeployStackReply reply = new();
        if (reading is ComposeNeeds needs)
        {
            reply.NeedsFiles.Add(needs.Files);
            reply.NeedsVariables.Add(needs.Variables);
            return reply;
        }

        ComposeRead read = Accepted(reading);
        Stored<StackSpec>? before = await store.FindAsync(read.Stack.Name, cancel);
        ImmutableArray<string> changes = StackChanges.Between(before?.Value, read.Stack);
        reply.Changes.Add(changes);
        reply.Warnings.Add([.. read.Warnings, .. FilterWarnings.OfCluster(read.Stack, options.Filters)]);
        if (before is not null && changes.IsEmpty)
        {
            return reply;
        }

        StackSpec wanted = read.Stack with { UpdatedAt = time.GetUtcNow() };
        if (await store.PutAsync(wanted, before, cancel) is { } refusal)
        {
            throw new AdminRefusal(RefusalKind.BadRequest, refusal);
        }

        LogDeployed(wanted.Name, wanted.Workloads.Length, changes.Length);
        await state.ShownAsync(cluster => cluster.Stacks.TryGetValue(wanted.Name, out StackSpec? shown) && shown.UpdatedAt >= wanted.UpdatedAt, time, cancel);
        return reply;
    }

    public async Task<PlanStackReply> PlanAsync(DeployStackRequest request, CancellationToken cancel)
    {
        ComposeReading reading = ComposeReader.Read(Bundle(request));
        PlanStackReply reply = new();
        if (reading is ComposeNeeds needs)
        {
            reply.NeedsFiles.Add(needs.Files);
            reply.NeedsVariables.Add(needs.Variables);
            return reply;
        }

        ComposeRead read = Accepted(reading);
        reply.Changes.Add(StackChanges.Between((await store.FindAsync(read.Stack.Name, cancel))?.Value, read.Stack));
        reply.Warnings.Add([.. read.Warnings, .. FilterWarnings.OfCluster(read.Stack, options.Filters)]);
        foreach (PlannedStep step in planner.Plan(state.Current, read.Stack))
        {
            PlannedReplica replica = new()
            {
                Workload = step.Replica.Workload.Value,
                Index = (uint)step.Replica.Index,
                Node = step.Node,
                Action = step.Action,
                Explanation = step.Explanation,
            };
            replica.Reasons.Add(step.Reasons);
            replica.Scores.Add(step.Scores);
            reply.Replicas.Add(replica);
        }

        return reply;
    }

    /// <summary>Volumes keep their data and their home: a stack of the same name finds them again.</summary>
    public async Task<RemoveStackReply> RemoveAsync(RemoveStackRequest request, CancellationToken cancel)
    {
        StackSpec stack = (await store.FindAsync(request.Name, cancel))?.Value ?? NodeLookup.Stack(state.Current with { Stacks = state.Current.Stacks.Remove(request.Name) }, request.Name);
        ImmutableArray<string> kept =
        [
            .. stack.Volumes.Where(volume => !volume.External).Select(volume =>
                state.Current.Volumes.TryGetValue(volume.Name, out VolumeRecord? record) && state.Current.Nodes.TryGetValue(record.Home, out NodeView? home)
                    ? $"{volume.Name} on {home.Name}" : volume.Name),
        ];
        if (request.Volumes)
        {
            throw new AdminRefusal(RefusalKind.NotNow, $"volumes are not deleted from afar: remove the stack without it, then delete each on its node with `docker volume rm` ({string.Join(", ", kept)})");
        }

        await store.RemoveAsync(stack.Name, cancel);
        LogRemoved(stack.Name);
        await state.ShownAsync(cluster => !cluster.Stacks.ContainsKey(stack.Name), time, cancel);
        RemoveStackReply reply = new();
        reply.Removed.Add(stack.Workloads.Select(workload => workload.Id.Value));
        reply.KeptVolumes.Add(kept);
        return reply;
    }

    private ComposeRead Accepted(ComposeReading reading)
    {
        if (reading is not ComposeRead read)
        {
            throw new AdminRefusal(RefusalKind.BadRequest, string.Join('\n', ((ComposeRefused)reading).Problems));
        }

        ImmutableArray<string> conflicts = StackConflicts.Find(read.Stack, state.Current.Stacks.Values);
        return conflicts.IsEmpty ? read : throw new AdminRefusal(RefusalKind.BadRequest, string.Join('\n', conflicts));
    }

    private static DeployBundle Bundle(DeployStackRequest request) => new()
    {
        Name = request.Name,
        Compose = request.Compose,
        Path = request.Path,
        Files = request.Files.ToImmutableSortedDictionary(file => file.Key, file => Encoding.UTF8.GetString(file.Value.Span), StringComparer.Ordinal),
        Variables = request.Variables.ToImmutableSortedDictionary(StringComparer.Ordinal),
        MissingFiles = [.. request.MissingFiles],
        MissingVariables = [.. request.MissingVariables],
    };

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Stack {Stack} deployed: {Services} services, {Changes} changes")]
    private partial void LogDeployed(string stack, int services, int changes);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "Stack {Stack} removed")]
    private partial void LogRemoved(string stack);
}
