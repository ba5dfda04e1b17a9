using System.Collections.Immutable;
using System.Text;

namespace RpiAgent.Agent.NodeConfig.Interfaces;

/// <summary>One file of interfaces(5), kept byte for byte: a byte is a Latin-1 character.</summary>
internal sealed record InterfacesFile(string Path, ImmutableArray<LogicalLine> Lines)
{
    public static InterfacesFile Parse(string path, ReadOnlySpan<byte> content) =>
        new(path, LogicalLine.Split(Encoding.Latin1.GetString(content)));

    public byte[] Render() => Encoding.Latin1.GetBytes(string.Concat(Lines.Select(line => line.Raw)));
}
