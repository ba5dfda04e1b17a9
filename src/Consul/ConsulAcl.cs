using System.Collections.Immutable;
using System.Net;
using System.Text.Json;

namespace RpiAgent.Consul;

public sealed record AclPolicy(string Id, string Name, string Description, string Rules);

/// <param name="Accessor">Names the token; no secret.</param>
/// <param name="Secret">What a client sends.</param>
public sealed record AclToken(string Accessor, string Secret, string Description, ImmutableArray<string> Policies)
{
    public DateTimeOffset CreatedAt { get; init; }
}

/// <summary>Policies and tokens; needs <c>acl = "write"</c>.</summary>
public sealed class ConsulAcl
{
    private readonly ConsulTransport _transport;

    internal ConsulAcl(ConsulTransport transport) => _transport = transport;

    public async Task<AclPolicy> CreatePolicyAsync(string name, string description, string rules, CancellationToken cancel)
    {
        PolicyWire wire = new() { Name = name, Description = description, Rules = rules };
        ConsulCall call = new(HttpMethod.Put, "v1/acl/policy", "acl policy create", name, Idempotent: false) { Body = Bytes(wire) };
        return (await _transport.SendAsync(call, ConsulJson.Default.PolicyWire, cancel)).ToPolicy();
    }

    /// <summary>Replaces name, description and rules of the policy with this id.</summary>
    public async Task<AclPolicy> UpdatePolicyAsync(AclPolicy policy, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(policy);
        PolicyWire wire = new() { ID = policy.Id, Name = policy.Name, Description = policy.Description, Rules = policy.Rules };
        ConsulCall call = new(HttpMethod.Put, $"v1/acl/policy/{policy.Id}", "acl policy update", policy.Name, Idempotent: true) { Body = Bytes(wire) };
        return (await _transport.SendAsync(call, ConsulJson.Default.PolicyWire, cancel)).ToPolicy();
    }

    /// <summary>The policy, or null.</summary>
    public async Task<AclPolicy?> FindPolicyAsync(string name, CancellationToken cancel)
    {
        // By-name reading came in 1.8; the list works everywhere but has no rules.
        ConsulCall list = new(HttpMethod.Get, "v1/acl/policies", "acl policy list", name, Idempotent: true);
        PolicyWire[] all = await _transport.SendAsync(list, ConsulJson.Default.PolicyWireArray, cancel);
        if (all.FirstOrDefault(policy => policy.Name == name) is not PolicyWire found)
        {
            return null;
        }

        ConsulCall read = new(HttpMethod.Get, $"v1/acl/policy/{found.ID}", "acl policy read", name, Idempotent: true);
        return (await _transport.SendAsync(read, ConsulJson.Default.PolicyWire, cancel)).ToPolicy();
    }

    public async Task DeletePolicyAsync(string id, CancellationToken cancel) =>
        await _transport.SendAsync(new ConsulCall(HttpMethod.Delete, $"v1/acl/policy/{Uri.EscapeDataString(id)}", "acl policy delete", id, Idempotent: true), cancel);

    /// <summary>Makes a token with the named policies.</summary>
    public async Task<AclToken> CreateTokenAsync(string description, ImmutableArray<string> policies, CancellationToken cancel)
    {
        TokenWire wire = new() { Description = description, Policies = [.. policies.Select(name => new PolicyLinkWire(null, name))] };
        ConsulCall call = new(HttpMethod.Put, "v1/acl/token", "acl token create", description, Idempotent: false)
        {
            Body = JsonSerializer.SerializeToUtf8Bytes(wire, ConsulJson.Default.TokenWire),
        };
        return (await _transport.SendAsync(call, ConsulJson.Default.TokenWire, cancel)).ToToken();
    }

    /// <summary>The token with this accessor, or null.</summary>
    public async Task<AclToken?> FindTokenAsync(string accessor, CancellationToken cancel)
    {
        ConsulCall call = new(HttpMethod.Get, $"v1/acl/token/{Uri.EscapeDataString(accessor)}", "acl token read", accessor, Idempotent: true)
        {
            AlsoAnswer = HttpStatusCode.NotFound,
        };
        try
        {
            ConsulReply reply = await _transport.SendAsync(call, cancel);
            return reply.Status == HttpStatusCode.NotFound ? null : ConsulTransport.Read(call, reply, ConsulJson.Default.TokenWire).ToToken();
        }
        catch (ConsulException gone) when (gone.Message.Contains("ACL not found", StringComparison.Ordinal))
        {
            return null; // 1.8 answers 403 with this text for a missing token
        }
    }

    /// <summary>All tokens, without their secrets.</summary>
    public async Task<ImmutableArray<AclToken>> ListTokensAsync(CancellationToken cancel)
    {
        ConsulCall call = new(HttpMethod.Get, "v1/acl/tokens", "acl token list", "", Idempotent: true);
        return [.. (await _transport.SendAsync(call, ConsulJson.Default.TokenWireArray, cancel)).Select(wire => wire.ToToken())];
    }

    /// <summary>No error when there is no such token.</summary>
    public async Task DeleteTokenAsync(string accessor, CancellationToken cancel)
    {
        ConsulCall call = new(HttpMethod.Delete, $"v1/acl/token/{Uri.EscapeDataString(accessor)}", "acl token delete", accessor, Idempotent: true)
        {
            AlsoAnswer = HttpStatusCode.NotFound,
        };
        await _transport.SendAsync(call, cancel);
    }

    private static byte[] Bytes(PolicyWire wire) => JsonSerializer.SerializeToUtf8Bytes(wire, ConsulJson.Default.PolicyWire);
}
