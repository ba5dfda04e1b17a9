using System.Collections.Immutable;
using System.Text.Json;
using RpiAgent.Consul;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>What people want to run, in Consul: one document a stack, the last deployment wins.</summary>
internal sealed class StackStore(ConsulClient consul)
{
    /// <summary>Consul takes values up to 512 KiB.</summary>
    private const int MostBytes = 500 * 1024;

    public static string KeyOf(string stack) => ConsulKeys.Stacks + stack;

    /// <summary>All stacks by name; with an index in the query, blocks until one changes.</summary>
    public async Task<Indexed<ImmutableArray<StackSpec>>> ListAsync(ConsulQuery query, CancellationToken cancel)
    {
        Indexed<ImmutableArray<KvEntry>> all = await consul.KeyValue.ListAsync(ConsulKeys.Stacks, query, cancel);
        return new Indexed<ImmutableArray<StackSpec>>([.. all.Value.Select(Read)], all.Index);
    }

    public async Task<StackSpec?> FindAsync(string stack, CancellationToken cancel) =>
        await consul.KeyValue.GetAsync(KeyOf(stack), cancel) is KvEntry entry ? Read(entry) : null;

    /// <returns>False when the document is larger than Consul takes; nothing is stored then.</returns>
    public async Task<bool> PutAsync(StackSpec stack, CancellationToken cancel)
    {
        byte[] document = ModelJson.Write(stack, ModelJson.Default.StackSpec);
        if (document.Length > MostBytes)
        {
            return false;
        }

        await consul.KeyValue.PutAsync(KeyOf(stack.Name), document, cancel);
        return true;
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
