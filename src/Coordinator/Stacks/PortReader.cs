using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>Reads a service's <c>ports:</c> (<c>[ip:][host:]container[/protocol]</c> with ranges, or the long form) and <c>expose:</c>.</summary>
internal static class PortReader
{
    private const int MostPorts = 1000;

    public static ImmutableArray<PublishedPort> Ports(Section service)
    {
        List<PublishedPort> ports = [];
        foreach (YamlItem item in service.List("ports")?.Items ?? [])
        {
            string? problem = item switch
            {
                YamlText { IsNull: false } text => Short(text.Value, ports),
                YamlMap map => Long(new Section(map, service.Path("ports"), service.Report, ComposeKeys.Port), ports),
                _ => $"{item.Kind}, where a port is wanted",
            };
            if (problem is not null)
            {
                service.Report.Problem(item.At, service.Path("ports"), problem);
            }
        }

        foreach (IGrouping<(string, int, string), PublishedPort> twice in ports.Where(port => port.HostPort != 0)
            .GroupBy(port => (port.HostIp, port.HostPort, port.Protocol)).Where(group => group.Select(port => port.ContainerPort).Distinct().Skip(1).Any()))
        {
            service.Problem("ports", $"port {twice.Key.Item2}/{twice.Key.Item3} is published twice");
        }

        if (ports.Count > MostPorts)
        {
            service.Problem("ports", $"more than {MostPorts} ports");
            return [];
        }

        return [.. ports.Distinct()];
    }

    /// <summary>Ports as the engine writes them, <c>80/tcp</c>.</summary>
    public static ImmutableArray<string> Exposed(Section service)
    {
        List<string> exposed = [];
        foreach (YamlText text in service.Texts("expose"))
        {
            (string ports, string protocol) = Protocol(text.Value);
            if (ComposeValues.Ports(ports) is not { } range || !IsProtocol(protocol))
            {
                service.Report.Problem(text.At, service.Path("expose"), $"'{text.Value}' is not a port like 80, 80/udp or 8000-8010");
            }
            else
            {
                exposed.AddRange(Enumerable.Range(range.First, range.Last - range.First + 1).Take(MostPorts).Select(port => $"{port}/{protocol}"));
            }
        }

        return [.. exposed.Distinct(StringComparer.Ordinal)];
    }

    private static string? Short(string text, List<PublishedPort> into)
    {
        (string rest, string protocol) = Protocol(text);
        int last = rest.LastIndexOf(':');
        string container = rest[(last + 1)..];
        string before = last < 0 ? "" : rest[..last];
        int colon = before.LastIndexOf(':');
        string host = before[(colon + 1)..];
        string ip = colon < 0 ? "" : before[..colon];
        return Add(ip, host, container, protocol, text, into);
    }

    private static string? Long(Section port, List<PublishedPort> into)
    {
        string mode = port.Text("mode") ?? "host";
        if (mode == "ingress")
        {
            port.Warn("mode", "taken as host: a port is published on the node of its replica");
        }
        else if (mode != "host")
        {
            port.Problem("mode", $"'{mode}' is not host or ingress");
        }

        return port.Text("target") is { } target
            ? Add(port.Text("host_ip") ?? "", port.Text("published") ?? "", target, port.Text("protocol") ?? "tcp", target, into)
            : "a port needs its target";
    }

    private static string? Add(string ip, string host, string container, string protocol, string text, List<PublishedPort> into)
    {
        ip = ip.StartsWith('[') && ip.EndsWith(']') ? ip[1..^1] : ip;
        if (ip.Length > 0 && !IsAddress(ip))
        {
            return $"'{ip}' in '{text}' is not an address";
        }

        if (!IsProtocol(protocol))
        {
            return $"'{protocol}' in '{text}' is not tcp, udp or sctp";
        }

        if (ComposeValues.Ports(container) is not { } inside)
        {
            return $"'{text}' is not a port like 80, 8080:80, 192.168.1.5:8080:80/udp or 8000-8010:8000-8010";
        }

        int count = inside.Last - inside.First + 1;
        int first = 0;
        if (host.Length > 0 && host != "0")
        {
            if (ComposeValues.Ports(host) is not { } outside)
            {
                return $"'{host}' in '{text}' is not a port from 1 to 65535";
            }

            if (outside.Last - outside.First + 1 != count)
            {
                return $"the ranges in '{text}' differ in length; write one host port for each port of the container";
            }

            first = outside.First;
            for (int port = outside.First; port <= outside.Last; port++)
            {
                if (Protos.Ports.Reserved(port, protocol) is { } owner)
                {
                    return $"port {port}/{protocol} in '{text}' is {owner} own on every node";
                }
            }
        }

        into.AddRange(Enumerable.Range(0, Math.Min(count, MostPorts + 1)).Select(i => new PublishedPort(ip, first == 0 ? 0 : first + i, inside.First + i, protocol)));
        return null;
    }

    private static (string Ports, string Protocol) Protocol(string text) =>
        text.IndexOf('/', StringComparison.Ordinal) is >= 0 and int slash ? (text[..slash], text[(slash + 1)..].ToLowerInvariant()) : (text, "tcp");

    private static bool IsProtocol(string text) => text is "tcp" or "udp" or "sctp";

    private static bool IsAddress(string text) =>
        Ipv4.TryParse(text, out _)
        || (text.Contains(':', StringComparison.Ordinal) && Uri.CheckHostName(text) == UriHostNameType.IPv6);
}
