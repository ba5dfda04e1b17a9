using System.Collections.Immutable;
using System.Text.Json;
using RpiAgent.Consul;
using RpiAgent.Coordinator.Enrolment;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>What people want to run, in Consul: one document a stack. A deployment counts only if the stack still is what it was compared with.</summary>
internal sealed class StackStore(ConsulClient consul)
{
    /// <summary>Packed: what is larger could be given to no node.</summary>
    public const int MostBytes = 300 * 1024;

    public static string KeyOf(string stack) => ConsulKeys.Stacks + stack;

    /// <summary>All stacks by name; with an index in the query, blocks until one changes.</summary>
    public async Task<Indexed<ImmutableArray<StackSpec>>> ListAsync(ConsulQuery query, CancellationToken cancel)
    {
        Indexed<ImmutableArray<KvEntry>> all = await consul.KeyValue.ListAsync(ConsulKeys.Stacks, query, cancel);
        return new Indexed<ImmutableArray<StackSpec>>([.. all.Value.Select(Read)], all.Index);
    }

    public async Task<Stored<StackSpec>?> FindAsync(string stack, CancellationToken cancel) =>
        await consul.KeyValue.GetAsync(KeyOf(stack), cancel) is KvEntry entry ? new Stored<StackSpec>(Read(entry), entry.ModifyIndex) : null;

    /// <param name="before">What the deployment was compared with; null = nothing.</param>
    /// <returns>Why nothing was stored, or null.</returns>
    public async Task<string?> PutAsync(StackSpec stack, Stored<StackSpec>? before, CancellationToken cancel)
    {
        byte[] document = ModelJson.Pack(stack, ModelJson.Default.StackSpec);
        return document.Length > MostBytes ? $"the stack '{stack.Name}' is too large to be stored ({MostBytes / 1024} KiB)"
            : await consul.KeyValue.CompareAndSetAsync(KeyOf(stack.Name), document, before?.ModifyIndex ?? 0, cancel) ? null
            : $"the stack '{stack.Name}' was changed by somebody else just now; look at it, and deploy again";
    }

    public Task RemoveAsync(string stack, CancellationToken cancel) => consul.KeyValue.DeleteAsync(KeyOf(stack), cancel);

    private static StackSpec Read(KvEntry entry)
    {
        try
        {
            return ModelJson.Read(entry.Value.Span, ModelJson.Default.StackSpec);
        }
        catch (JsonException broken)
        {
            throw new JsonException($"{entry.Key} in Consul cannot be read: {broken.Message}", broken);
        }
    }
}
