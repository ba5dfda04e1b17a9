using System.Globalization;

namespace RpiAgent.Coordinator.Scheduling;

/// <summary>A range of host ports that is taken or wanted. First = 0: the engine chooses.</summary>
/// <param name="HostIp">Empty, 0.0.0.0 and :: are all addresses.</param>
internal readonly record struct PortBinding(string HostIp, int First, int Last, int ContainerFirst, int ContainerLast, string Protocol)
{
    public bool IsFixed => First > 0;
    private bool AllAddresses => HostIp is "" or "0.0.0.0" or "::";

    public static PortBinding Published(string hostIp, int hostPort, int containerPort, string protocol) =>
        new(hostIp, hostPort, hostPort, containerPort, containerPort, protocol);

    /// <summary>Both fixed, same protocol, a port in common, and an address in common.</summary>
    public bool Overlaps(in PortBinding other) =>
        IsFixed && other.IsFixed && First <= other.Last && other.First <= Last
        && (AllAddresses || other.AllAddresses || HostIp == other.HostIp)
        && Protocol == other.Protocol;

    /// <summary>The listening ports of a container under host networking, as host ports.</summary>
    public PortBinding AsHostPort() => this with { HostIp = "", First = ContainerFirst, Last = ContainerLast };

    public override string ToString()
    {
        string range = First == Last ? $"{First}" : $"{First}-{Last}";
        return HostIp.Length == 0 ? $"{range}/{Protocol}" : $"{HostIp}:{range}/{Protocol}";
    }

    /// <summary>Reads <c>[ip:][host:]container[/proto]</c>; ports may be ranges, an IPv6 address stands in brackets. Null with the reason otherwise.</summary>
    public static PortBinding? Parse(string text, out string problem)
    {
        problem = "";
        string rest = text, protocol = "tcp", ip = "";
        if (rest.IndexOf('/', StringComparison.Ordinal) is >= 0 and var slash)
        {
            protocol = rest[(slash + 1)..];
            rest = rest[..slash];
            if (protocol is not ("tcp" or "udp" or "sctp"))
            {
                problem = $"protocol '{protocol}' is not tcp, udp or sctp";
                return null;
            }
        }
        if (rest.StartsWith('['))
        {
            int end = rest.IndexOf("]:", StringComparison.Ordinal);
            if (end < 0)
            {
                problem = "an address in brackets is followed by ':' and ports";
                return null;
            }
            ip = rest[1..end];
            rest = rest[(end + 2)..];
        }
        int last = rest.LastIndexOf(':');
        string container = rest[(last + 1)..], host = last < 0 ? "" : rest[..last];
        if (ip.Length == 0 && host.LastIndexOf(':') is >= 0 and var colon)
        {
            (ip, host) = (host[..colon], host[(colon + 1)..]);
        }
        if (!Range(container, out int from, out int to))
        {
            problem = $"'{container}' is not a port or a range of ports (1-65535)";
            return null;
        }
        int first = 0, final = 0;
        if (host.Length > 0 && !Range(host, out first, out final))
        {
            problem = $"'{host}' is not a port or a range of ports (1-65535)";
            return null;
        }
        if (host.Length > 0 && to - from > 0 && to - from != final - first)
        {
            problem = $"ranges '{host}' and '{container}' differ in length";
            return null;
        }
        return new(ip, first, final, from, to, protocol);
    }

    private static bool Range(string text, out int first, out int last)
    {
        int dash = text.IndexOf('-', StringComparison.Ordinal);
        bool ok = Port(dash < 0 ? text : text[..dash], out first);
        last = first;
        return ok && (dash < 0 || (Port(text[(dash + 1)..], out last) && last >= first));
    }

    private static bool Port(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and <= 65535;
}
