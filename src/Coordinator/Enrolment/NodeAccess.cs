using RpiAgent.Consul;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Enrolment;

/// <summary>What a node may do in Consul: register the service rpi-agent and report its check. Not a key, not another service.</summary>
internal sealed class NodeAccess(ConsulClient consul, NodeStore nodes)
{
    private const string Policy = "rpi-node";
    private const string Description = "node ";
    private const string Rules = $$"""service "{{ConsulService.Name}}" { policy = "write" }""";

    /// <summary>An enrolment that got its token has written it down, or failed, long before.</summary>
    private static readonly TimeSpan Unwritten = TimeSpan.FromHours(1);
    private bool _policyReady;

    /// <summary>The token the record names, if Consul still knows it, else a new one.</summary>
    public async Task<AclToken> EnsureAsync(NodeId id, NodeRecord? known, CancellationToken cancel)
    {
        await EnsurePolicyAsync(cancel);
        if (known is { ConsulAccessor.Length: > 0 } && await consul.Acl.FindTokenAsync(known.ConsulAccessor, cancel) is AclToken held)
        {
            return held with { Secret = known.ConsulSecret };
        }

        return await consul.Acl.CreateTokenAsync($"{Description}{id}", [Policy], cancel);
    }

    public Task RevokeAsync(string accessor, CancellationToken cancel) => consul.Acl.DeleteTokenAsync(accessor, cancel);

    /// <summary>Revokes what no node has: an enrolment or a renewal that was cut off left it.</summary>
    public async Task RevokeOrphansAsync(DateTimeOffset now, CancellationToken cancel)
    {
        AclToken[] old = [.. (await consul.Acl.ListTokensAsync(cancel)).Where(token =>
            token.Policies.Contains(Policy) && token.Description.StartsWith(Description, StringComparison.Ordinal) && token.CreatedAt < now - Unwritten)];
        HashSet<string> held = [.. (await nodes.ListAsync(default, cancel)).Value.Select(node => node.Value.ConsulAccessor)];
        foreach (AclToken orphan in old.Where(token => !held.Contains(token.Accessor)))
        {
            await RevokeAsync(orphan.Accessor, cancel);
        }
    }

    private async Task EnsurePolicyAsync(CancellationToken cancel)
    {
        if (_policyReady)
        {
            return;
        }

        AclPolicy? held = await consul.Acl.FindPolicyAsync(Policy, cancel);
        if (held is null)
        {
            try
            {
                await consul.Acl.CreatePolicyAsync(Policy, "an rpi-agent's own registration", Rules, cancel);
            }
            catch (ConsulException exists) when (exists.Message.Contains("already exists", StringComparison.Ordinal))
            {
                // Another coordinator, which writes the same rules, was a moment earlier.
            }
        }
        else if (held.Rules != Rules)
        {
            await consul.Acl.UpdatePolicyAsync(held with { Rules = Rules }, cancel);
        }

        _policyReady = true;
    }
}
