using System.Collections.Immutable;

namespace RpiAgent.Agent.NodeConfig.Interfaces;

/// <summary>What interfaces(5) is to become for a wish: a refusal, or the files that change (none: it is so already).</summary>
/// <param name="Files">New content by path, only of files that differ.</param>
internal sealed record InterfacesChange(Refusal? Refusal, ImmutableSortedDictionary<string, byte[]> Files, ImmutableArray<string> Warnings)
{
    public bool IsChanged => Files.Count > 0;

    public static InterfacesChange Refuse(Refusal refusal) => new(refusal, ImmutableSortedDictionary<string, byte[]>.Empty, []);
}

internal static class InterfacesPlanner
{
    /// <param name="macAddress">Of the interface, lower case with colons, or null when not known.</param>
    /// <param name="hasDnsHook">Whether ifup hands dns-nameservers to resolvconf or systemd-resolved.</param>
    public static InterfacesChange Plan(InterfacesModel model, AddressWish wish, string? macAddress, bool hasDnsHook)
    {
        IfaceStanza[] own = [.. model.Stanzas.Where(stanza => stanza.Name == wish.Interface && stanza.Family == "inet")];
        if (InterfacesPolicy.Refuse(model, wish.Interface, macAddress, own) is { } refusal)
        {
            return InterfacesChange.Refuse(refusal);
        }

        bool isEnabled = InterfacesPolicy.IsEnabled(model, wish.Interface);
        IfaceStanza? stanza = own.SingleOrDefault();
        ImmutableArray<string> warnings = InterfacesWarnings.Collect(model, wish, stanza, hasDnsHook);
        if (stanza is null)
        {
            return Checked(model, wish, macAddress, new InterfacesChange(null, File(model.Main, InterfacesRewriter.Append(model.Main, wish, isEnabled)), warnings));
        }

        if (isEnabled && stanza.Parent is null && AddressComparison.IsSame(stanza, wish))
        {
            return new InterfacesChange(null, File(stanza.Header.File, null), warnings);
        }

        if (InterfacesPolicy.RefuseEdit(model, stanza) is { } refusedEdit)
        {
            return InterfacesChange.Refuse(refusedEdit);
        }

        InterfacesFile file = stanza.Header.File;
        return Checked(model, wish, macAddress, new InterfacesChange(null, File(file, InterfacesRewriter.Rewrite(stanza, wish, isEnabled)), warnings));
    }

    /// <summary>Reads the result as ifupdown will: a file that is read twice, say, would have the new stanza twice.</summary>
    private static InterfacesChange Checked(InterfacesModel model, AddressWish wish, string? macAddress, InterfacesChange change)
    {
        InterfacesModel after = InterfacesReader.Read(model.Source.With(change.Files));
        IfaceStanza[] own = [.. after.Stanzas.Where(stanza => stanza.Name == wish.Interface && stanza.Family == "inet")];
        if (InterfacesPolicy.Refuse(after, wish.Interface, macAddress, own) is { } refusal)
        {
            return InterfacesChange.Refuse(refusal with { Message = $"after the change: {refusal.Message}" });
        }

        return own is [var stanza] && AddressComparison.IsSame(stanza, wish) && InterfacesPolicy.IsEnabled(after, wish.Interface)
            ? change
            : InterfacesChange.Refuse(new Refusal(RefusalCodes.Parse, model.Main.Path, $"{model.Main.Path}: the file is written so that ifupdown would not read {wish.Interface} as wished; put its stanza on lines of their own"));
    }

    private static ImmutableSortedDictionary<string, byte[]> File(InterfacesFile file, byte[]? content) =>
        content is null || content.AsSpan().SequenceEqual(file.Render())
            ? ImmutableSortedDictionary<string, byte[]>.Empty
            : ImmutableSortedDictionary<string, byte[]>.Empty.Add(Path.GetFullPath(file.Path), content);
}
