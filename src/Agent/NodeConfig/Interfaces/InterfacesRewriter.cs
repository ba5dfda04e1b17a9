using System.Text;
using RpiAgent.Agent.NodeConfig.Wifi;

namespace RpiAgent.Agent.NodeConfig.Interfaces;

/// <summary>The smallest rewrite of one file; every byte that is not about the IPv4 address stays.</summary>
internal static class InterfacesRewriter
{
    private const string DefaultIndent = "    ";

    /// <summary>The file with a new stanza at its end.</summary>
    public static byte[] Append(InterfacesFile file, AddressWish wish, bool isEnabled)
    {
        StringBuilder text = new(Encoding.Latin1.GetString(file.Render()));
        bool isContinued = file.Lines is [.., { Text.Length: > 0 }];
        if (text.Length > 0)
        {
            EndLine(text, "\n", isContinued);
            text.Append(EndsInBlankLine(text.ToString()) ? "" : "\n");
        }

        text.Append(isEnabled ? "" : $"auto {wish.Interface}\n")
            .Append("iface ").Append(wish.Interface).Append(" inet ").Append(MethodName(wish)).Append('\n');
        foreach (string option in Options(wish))
        {
            text.Append(DefaultIndent).Append(option).Append('\n');
        }

        return Encoding.Latin1.GetBytes(text.ToString());
    }

    /// <summary>The stanza's file with the wished method and address.</summary>
    public static byte[] Rewrite(IfaceStanza stanza, AddressWish wish, bool isEnabled)
    {
        InterfacesFile file = stanza.Header.File;
        string[] lines = [.. file.Lines.Select(line => line.Raw)];
        foreach (IfaceOption option in stanza.Options.Where(option => IsReplaced(option.Name, stanza.Method, wish.Method) || (wish.Wifi is not null && IsRadio(option.Name))))
        {
            lines[option.At.LineIndex] = "";
        }

        LogicalLine header = stanza.Header.Line;
        string indent = stanza.Options.FirstOrDefault()?.At.Line.Indent ?? DefaultIndent;
        StringBuilder text = new(isEnabled ? "" : $"auto {wish.Interface}{header.LineEnd}");
        text.Append(WithMethod(stanza, MethodName(wish)));
        string[] options = [.. Options(wish)];
        if (options.Length > 0)
        {
            EndLine(text, header.LineEnd, isContinued: true);
        }

        foreach (string option in options)
        {
            text.Append(indent).Append(option).Append(header.LineEnd);
        }

        lines[stanza.Header.LineIndex] = text.ToString();
        return Encoding.Latin1.GetBytes(string.Concat(lines));
    }

    private static bool IsReplaced(string option, string oldMethod, AddressMethod newMethod) =>
        InterfacesGrammar.AddressOptions.Contains(option)
        || (newMethod == AddressMethod.Static && InterfacesGrammar.MethodOptions.TryGetValue(oldMethod, out var own) && own.Contains(option));

    public static bool IsRadio(string option) => option.StartsWith("wpa-", StringComparison.Ordinal) || option.StartsWith("wireless-", StringComparison.Ordinal);

    private static string MethodName(AddressWish wish) => wish.Method == AddressMethod.Static ? "static" : "dhcp";

    /// <summary>A dotted netmask on purpose: tools that read the file with sed look for it, and every parser since 2000 takes it.</summary>
    private static IEnumerable<string> Options(AddressWish wish)
    {
        if (wish.Wifi is not null)
        {
            yield return $"{WpaConfiguration.Option} {WpaConfiguration.PathOf(wish.Interface)}";
        }

        if (wish.Method == AddressMethod.Dhcp)
        {
            yield break;
        }

        yield return $"address {wish.Address}";
        yield return $"netmask {wish.Netmask}";
        if (wish.Gateway is { } gateway)
        {
            yield return $"gateway {gateway}";
        }

        if (!wish.Dns.IsEmpty)
        {
            yield return $"dns-nameservers {string.Join(' ', wish.Dns)}";
        }
    }

    private static string WithMethod(IfaceStanza stanza, string method)
    {
        LogicalLine line = stanza.Header.Line;
        if (stanza.MethodWord is { } word)
        {
            return line.Raw[..line.Offsets[word.Start]] + method + line.Raw[(line.Offsets[word.End - 1] + 1)..];
        }

        // Only 'inherits OTHER', perhaps with a family: the missing words come right after the last one that is there.
        Word before = stanza.FamilyWord ?? line.Words().ElementAt(1);
        int at = line.Offsets[before.End - 1] + 1;
        return $"{line.Raw[..at]} {(stanza.FamilyWord is null ? "inet " : "")}{method}{line.Raw[at..]}";
    }

    /// <summary>Ends the line, also one that asks for continuations that the file does not have: each backslash at its end takes one line.</summary>
    private static void EndLine(StringBuilder text, string lineEnd, bool isContinued)
    {
        if (text[^1] != '\n')
        {
            text.Append(lineEnd);
        }

        int end = text.Length - 1;
        for (int i = end - 1; isContinued && i >= 0 && text[i] == '\\'; i--)
        {
            text.Append(lineEnd);
        }
    }

    private static bool EndsInBlankLine(string text)
    {
        int start = text.LastIndexOf('\n', Math.Max(0, text.Length - 2));
        return string.IsNullOrWhiteSpace(text[(start + 1)..]) || text == "\n";
    }
}
