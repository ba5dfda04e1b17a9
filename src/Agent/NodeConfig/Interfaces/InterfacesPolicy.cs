using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace RpiAgent.Agent.NodeConfig.Interfaces;

/// <summary>When an interface is not ours to set although the file can be read.</summary>
internal static class InterfacesPolicy
{
    /// <summary>Of one list of ports, and characters of each; more than that are taken to match.</summary>
    private const int MaximumExpressions = 100;

    /// <summary>Refusals that hold whether or not something has to be written.</summary>
    public static Refusal? Refuse(InterfacesModel model, string name, string? macAddress, IfaceStanza[] own) =>
        Unreadable(model, name, own)
        ?? Mapped(model, name)
        ?? Logical(model, name, macAddress)
        ?? Renamed(model, name, macAddress)
        ?? Enslaved(model, name)
        ?? Duplicate(own);

    /// <summary>Refusals to edit this stanza.</summary>
    public static Refusal? RefuseEdit(InterfacesModel model, IfaceStanza stanza)
    {
        if (model.Stanzas.FirstOrDefault(other => other.Parent == stanza) is { } child)
        {
            return At(RefusalCodes.TemplateInUse, child.Header, $"another stanza inherits from {stanza.Name} and would get its address; give {ConfigText.Show(child.Name)} its own options");
        }

        if (stanza.Inherited.FirstOrDefault(option => InterfacesGrammar.AddressOptions.Contains(option.Name)) is { } inherited)
        {
            return At(RefusalCodes.InheritConflict, stanza.Header, $"{stanza.Name} inherits '{inherited.Name}' from {inherited.At}; ifupdown would join both values, remove it there or the word 'inherits' here");
        }

        if (stanza.Options.Concat(stanza.Inherited).FirstOrDefault(option => option.Name == "wpa-roam") is { } roam)
        {
            return At(RefusalCodes.WpaRoam, roam.At, $"{stanza.Name} roams (wpa-roam): its address belongs to the stanza of the WiFi network it finds; set it there, or use wpa-conf");
        }

        return InterfacesGrammar.EditableMethods.Contains(stanza.Method)
            ? null
            : At(RefusalCodes.Method, stanza.Header, $"method {stanza.Method} of {stanza.Name} is not one that can be replaced ({string.Join(", ", InterfacesGrammar.EditableMethods.Order(StringComparer.Ordinal))})");
    }

    /// <summary>Whether boot or plugging in brings the interface up.</summary>
    public static bool IsEnabled(InterfacesModel model, string name) =>
        model.Lists.Where(list => list.Keyword is "auto" or "allow-auto" or "allow-hotplug").SelectMany(list => list.Names).Select(NamePattern.Parse)
            .Any(pattern => pattern.IsExact && pattern.Matches(name, macAddress: null) && (pattern.Logical is null || pattern.Logical == name));

    private static Refusal? Unreadable(InterfacesModel model, string name, IfaceStanza[] own)
    {
        ParseError? error = model.Errors.FirstOrDefault(error =>
            error.ConcernsAll
            || own.Any(stanza => stanza.Header.File.Path == error.At.File.Path)
            || (own.Length == 0 && error.LostInterfaces.Contains(name)));
        return error is null ? null : At(RefusalCodes.Parse, error.At, error.Message);
    }

    private static Refusal? Mapped(InterfacesModel model, string name) =>
        model.Mappings.FirstOrDefault(mapping => mapping.Globs.Any(glob => Glob.Matches(glob, name))) is { } mapping
            ? At(RefusalCodes.Mapped, mapping.At, $"a mapping script chooses the settings of {name} ('{ConfigText.Show(mapping.At.Line.Text)}'); exclude {name} from this mapping")
            : null;

    private static Refusal? Logical(InterfacesModel model, string name, string? macAddress)
    {
        foreach (NameList list in model.Lists.Where(list => list.Keyword == "auto" || list.Keyword.StartsWith("allow-", StringComparison.Ordinal)))
        {
            NamePattern? other = list.Names.Select(NamePattern.Parse)
                .FirstOrDefault(pattern => pattern.Logical is not null && pattern.Logical != name && pattern.Matches(name, macAddress));
            if (other is not null)
            {
                return At(RefusalCodes.Logical, list.At, $"{name} is brought up as logical interface {ConfigText.Show(other.Logical!)}; write plain {name} here and in its iface line");
            }
        }

        return null;
    }

    private static Refusal? Renamed(InterfacesModel model, string name, string? macAddress) =>
        model.Lists.FirstOrDefault(list => list.Keyword == "rename"
            && list.Names.Select(NamePattern.Parse).Any(pattern => pattern.Logical != name && pattern.Matches(name, macAddress))) is { } rename
            ? At(RefusalCodes.Renamed, rename.At, $"{name} is given another name before it comes up ('{ConfigText.Show(rename.At.Line.Text)}'); set the address of that name, or remove this line")
            : null;

    private static Refusal? Enslaved(InterfacesModel model, string name)
    {
        // A parent stands before its stanza, so that each option is looked at once however long the line of ancestors is.
        Dictionary<IfaceStanza, (IfaceOption? Master, IfaceOption? Ports)> found = new(ReferenceEqualityComparer.Instance);
        foreach (IfaceStanza stanza in model.Stanzas)
        {
            (IfaceOption? master, IfaceOption? ports) = stanza.Parent is null ? default : found[stanza.Parent];
            master = stanza.Options.FirstOrDefault(option => option.Name is "bond-master" or "bond_master" or "master") ?? master;
            ports = stanza.Options.FirstOrDefault(option => option.Name is "bridge_ports" or "bridge-ports" or "bond-slaves" or "bond_slaves" or "slaves" && Takes(option.Value, name)) ?? ports;
            found.Add(stanza, (master, ports));
            if (stanza.Name == name && master is not null)
            {
                return At(RefusalCodes.Enslaved, master.At, $"{name} has {master.Name} {ConfigText.Show(master.Value)}; set the address of {ConfigText.Show(master.Value)}, a bond's part has none of its own");
            }

            if (stanza.Name != name && ports is not null)
            {
                return At(RefusalCodes.Enslaved, ports.At, $"{name} is part of {ConfigText.Show(stanza.Name)} ({ports.Name} {ConfigText.Show(ports.Value)}); set the address of {ConfigText.Show(stanza.Name)}");
            }
        }

        return null;
    }

    /// <summary>Whether a list of ports has the interface: by name, <c>all</c>, or by one of the expressions between <c>regex</c> and <c>noregex</c> (bridge-utils-interfaces(5)).</summary>
    private static bool Takes(string ports, string name)
    {
        string[] words = ports.Split([' ', '\t', '\n', '\r', '\v', '\f'], StringSplitOptions.RemoveEmptyEntries);
        bool isExpression = false;
        int expressions = 0;
        foreach (string word in words)
        {
            if (word is "regex" or "noregex")
            {
                isExpression = word == "regex";
            }
            else if (word == name || word == "all" || (isExpression && (++expressions > MaximumExpressions || MatchesExpression(word, name))))
            {
                return true;
            }
        }

        return words is [.., "regex"];
    }

    private static bool MatchesExpression(string expression, string name)
    {
        if (expression.Length > MaximumExpressions)
        {
            return true;
        }

        try
        {
            return Regex.IsMatch(name, $"^(?:{expression})$", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException or RegexMatchTimeoutException)
        {
            return true; // not understood here: take it that the bridge does
        }
    }

    private static Refusal? Duplicate(IfaceStanza[] own) =>
        own.Length > 1
            ? At(RefusalCodes.Duplicate, own[1].Header, $"{own[0].Name} has more than one inet stanza and ifup applies all of them: {string.Join("; ", own.Select(stanza => stanza.Header))}; keep one")
            : null;

    private static Refusal At(string code, Place place, string message) => new(code, place.ToString(), $"{place}: {message}");
}
