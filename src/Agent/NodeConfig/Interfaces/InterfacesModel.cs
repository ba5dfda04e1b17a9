using System.Collections.Immutable;

namespace RpiAgent.Agent.NodeConfig.Interfaces;

/// <summary>What ifupdown understands of the main file and all that it includes, in reading order.</summary>
/// <param name="Source">Where it was read from.</param>
internal sealed record InterfacesModel(
    FileView Source,
    InterfacesFile Main,
    ImmutableArray<IfaceStanza> Stanzas,
    ImmutableArray<NameList> Lists,
    ImmutableArray<MappingStanza> Mappings,
    ImmutableArray<ParseError> Errors,
    ImmutableArray<string> Warnings);

/// <summary>Where something stands. Prints as <c>file:line</c>.</summary>
internal sealed record Place(InterfacesFile File, int LineIndex)
{
    public LogicalLine Line => File.Lines[LineIndex];
    public override string ToString() => $"{File.Path}:{Line.Number}";
}

/// <summary>An <c>iface</c> stanza. Family and method are resolved over <c>inherits</c>.</summary>
/// <param name="Parent">The stanza that options are copied from.</param>
/// <param name="MethodWord">The method as written on the line, when there is one.</param>
internal sealed record IfaceStanza(Place Header, string Name, string Family, string Method, IfaceStanza? Parent, Word? FamilyWord, Word? MethodWord)
{
    public List<IfaceOption> Options { get; } = [];

    /// <summary>Options copied from the stanza that it inherits from, and from that one's own parents.</summary>
    public IEnumerable<IfaceOption> Inherited
    {
        get
        {
            for (IfaceStanza? ancestor = Parent; ancestor is not null; ancestor = ancestor.Parent)
            {
                foreach (IfaceOption option in ancestor.Options)
                {
                    yield return option;
                }
            }
        }
    }
}

internal sealed record IfaceOption(Place At, string Name, string Value);

/// <summary>An <c>auto</c>, <c>allow-CLASS</c>, <c>no-scripts</c>, <c>no-auto-down</c> or <c>rename</c> line.</summary>
internal sealed record NameList(Place At, string Keyword, ImmutableArray<string> Names);

internal sealed record MappingStanza(Place At, ImmutableArray<string> Globs);

/// <summary>What made ifupdown stop reading a file, or what we cannot follow it in.</summary>
/// <param name="ConcernsAll">In the main file an error takes the whole configuration with it, and what we cannot follow may hide any interface.</param>
/// <param name="LostInterfaces">Names of the iface lines in the part that is not read, but of those that cannot be of IPv4.</param>
internal sealed record ParseError(Place At, string Message, bool ConcernsAll, ImmutableArray<string> LostInterfaces);
