using System.Net;

namespace RpiAgent.Consul;

/// <summary>Why a call to Consul failed, as far as a caller may want to act on it.</summary>
public enum ConsulFault
{
    /// <summary>No connection, or no answer in time. A write may have happened.</summary>
    Unreachable,
    /// <summary>Consul answers, but its servers have no leader.</summary>
    NoLeader,
    /// <summary>The token may not do this.</summary>
    Denied,
    NotFound,
    /// <summary>The session named in the call does not exist (any more).</summary>
    InvalidSession,
    /// <summary>Consul did not like the request.</summary>
    BadRequest,
    /// <summary>Anything else Consul answered.</summary>
    Server,
}

/// <summary>A call to Consul that failed; the message names the verb, the key or path, and what went wrong.</summary>
public sealed class ConsulException : Exception
{
    public ConsulException()
    {
    }

    public ConsulException(string message)
        : base(message)
    {
    }

    public ConsulException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    internal ConsulException(ConsulFault fault, string verb, string target, string what, Exception? inner = null)
        : base($"Consul: {verb} {target} failed: {what}", inner)
    {
        Fault = fault;
        Verb = verb;
        Target = target;
    }

    public ConsulFault Fault { get; } = ConsulFault.Server;

    /// <summary>"kv get", "session renew" and so on.</summary>
    public string Verb { get; } = "";

    /// <summary>Key, session, service or path.</summary>
    public string Target { get; } = "";

    /// <summary>Worth another try later, without anybody changing anything.</summary>
    public bool IsTransient => Fault is ConsulFault.Unreachable or ConsulFault.NoLeader;

    internal static ConsulException FromAnswer(HttpStatusCode status, string body, string verb, string target)
    {
        string text = body.Trim() is { Length: > 0 } trimmed ? trimmed : "no reason given";
        string what = $"{(int)status}: {(text.Length > 500 ? text[..500] : text)}";
        return new ConsulException(Classify(status, text), verb, target, what);
    }

    private static ConsulFault Classify(HttpStatusCode status, string text)
    {
        if (text.Contains("No cluster leader", StringComparison.OrdinalIgnoreCase)
            || text.Contains("leadership lost", StringComparison.OrdinalIgnoreCase))
        {
            return ConsulFault.NoLeader;
        }

        if (text.Contains("invalid session", StringComparison.OrdinalIgnoreCase))
        {
            return ConsulFault.InvalidSession;
        }

        // Before a leader has loaded the ACL data Consul answers 403 "ACL not found" for good tokens too: still Denied.
        return status switch
        {
            HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized => ConsulFault.Denied,
            HttpStatusCode.NotFound => ConsulFault.NotFound,
            HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge => ConsulFault.BadRequest,
            HttpStatusCode.ServiceUnavailable or HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout => ConsulFault.NoLeader,
            _ => ConsulFault.Server,
        };
    }
}
