using System.Collections.Immutable;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>
/// Builds a <see cref="YamlItem"/> tree from the parser's events. Aliases share their target, so a file of nested
/// aliases ("YAML bomb") costs nothing here; whoever walks the tree counts (<see cref="Interpolation"/>).
/// </summary>
internal sealed class YamlTree
{
    public const int MostCharacters = 256 * 1024;
    private const int DeepestNesting = 40;
    private const int MostMergedEntries = 20_000;

    private readonly Parser _events;
    private readonly ComposeReport _report;
    private readonly Dictionary<string, YamlItem> _anchors = new(StringComparer.Ordinal);
    private int _depth;
    private int _merged;

    private YamlTree(string text, ComposeReport report) => (_events, _report) = (new Parser(new StringReader(text)), report);

    /// <returns>The first document, or null when there is none or it cannot be read (the report says why).</returns>
    public static YamlItem? Load(string text, ComposeReport report)
    {
        if (text.Length > MostCharacters)
        {
            report.Problem(new Place(1, 1), "", $"the file is larger than {MostCharacters / 1024} KiB");
            return null;
        }

        if (text.AsSpan().IndexOf('\0') is >= 0 and int zero)
        {
            report.Problem(new Place(1 + text.AsSpan(0, zero).Count('\n'), 1), "", "this is not text: it holds a zero byte");
            return null;
        }

        YamlTree tree = new(text, report);
        try
        {
            return tree.Document();
        }
        catch (Exception problem) when (problem is YamlException or InvalidOperationException)
        {
            // On some input the library's scanner loses its place and says so with InvalidOperationException.
            (Place at, string what) = problem is YamlException known
                ? (At(known.Start), (known.InnerException ?? known).Message.TrimEnd('.'))
                : (At(tree._events.Current?.End ?? Mark.Empty), "it breaks off after this");
            (Place, string) told = TabNear(text, at.Line) is { } tab ? (tab, "a tab in the indentation: YAML takes spaces only") : (at, $"this is not YAML: {what}");
            report.Problem(told.Item1, "", told.Item2);
            return null;
        }
    }

    private YamlItem? Document()
    {
        _events.Consume<StreamStart>();
        if (!_events.TryConsume<DocumentStart>(out _))
        {
            _report.Problem(new Place(1, 1), "", "the file is empty");
            return null;
        }

        YamlItem root = Item();
        _events.Consume<DocumentEnd>();
        if (_events.Current is DocumentStart { Start: var second })
        {
            _report.Problem(At(second), "", "a second document ('---'): one Compose file a deployment");
        }

        return root;
    }

    private YamlItem Item()
    {
        if (++_depth > DeepestNesting)
        {
            Mark mark = _events.Current?.Start ?? Mark.Empty;
            throw new SemanticErrorException(mark, mark, $"nested deeper than {DeepestNesting} levels");
        }

        YamlItem item = _events.Current switch
        {
            AnchorAlias => Alias(_events.Consume<AnchorAlias>()),
            Scalar => Text(_events.Consume<Scalar>()),
            SequenceStart => List(_events.Consume<SequenceStart>()),
            _ => Map(_events.Consume<MappingStart>()),
        };
        _depth--;
        return item;
    }

    private YamlItem Alias(AnchorAlias alias) =>
        _anchors.TryGetValue(alias.Value.Value, out YamlItem? item)
            ? item
            : throw new SemanticErrorException(alias.Start, alias.End, $"no anchor '&{alias.Value.Value}' comes before this alias");

    private YamlText Text(Scalar scalar)
    {
        CheckTag(scalar);
        return Named(scalar, new YamlText(At(scalar.Start), scalar.Value, scalar.Style == ScalarStyle.Plain && scalar.Tag.IsEmpty));
    }

    private YamlList List(SequenceStart start)
    {
        CheckTag(start);
        ImmutableArray<YamlItem>.Builder items = ImmutableArray.CreateBuilder<YamlItem>();
        while (!_events.TryConsume<SequenceEnd>(out _))
        {
            items.Add(Item());
        }

        return Named(start, new YamlList(At(start.Start), items.ToImmutable()));
    }

    private YamlMap Map(MappingStart start)
    {
        CheckTag(start);
        List<YamlEntry> own = [];
        List<YamlItem> merges = [];
        Dictionary<string, Place> seen = new(StringComparer.Ordinal);
        while (!_events.TryConsume<MappingEnd>(out _))
        {
            if (Item() is not YamlText key)
            {
                throw new SemanticErrorException(start.Start, start.End, "a key has to be a plain word");
            }

            YamlItem value = Item();
            if (key is { Value: "<<", Plain: true })
            {
                merges.Add(value);
            }
            else if (seen.TryAdd(key.Value, key.At))
            {
                own.Add(new YamlEntry(key, value));
            }
            else
            {
                _report.Problem(key.At, "", $"'{key.Value}' is written twice here, first in line {seen[key.Value].Line}");
            }
        }

        foreach (YamlItem source in merges)
        {
            Merge(source, own, seen);
        }

        return Named(start, new YamlMap(At(start.Start), [.. own]));
    }

    /// <summary>YAML 1.1 merge key: a mapping or a list of them; keys already there win.</summary>
    private void Merge(YamlItem source, List<YamlEntry> into, Dictionary<string, Place> seen)
    {
        foreach (YamlItem part in source is YamlList list ? list.Items : [source])
        {
            if (part is not YamlMap map)
            {
                _report.Problem(source.At, "", "'<<' merges mappings only");
                continue;
            }

            _merged += map.Entries.Length;
            if (_merged > MostMergedEntries)
            {
                Mark mark = new(0, source.At.Line, source.At.Column);
                throw new SemanticErrorException(mark, mark, $"merge keys add more than {MostMergedEntries} entries");
            }

            into.AddRange(map.Entries.Where(entry => seen.TryAdd(entry.Name, entry.Key.At)));
        }
    }

    private T Named<T>(NodeEvent node, T item) where T : YamlItem
    {
        if (!node.Anchor.IsEmpty)
        {
            _anchors[node.Anchor.Value] = item;
        }

        return item;
    }

    private void CheckTag(NodeEvent node)
    {
        if (!node.Tag.IsEmpty && node.Tag.Value.StartsWith('!') && node.Tag.Value.Length > 1)
        {
            _report.Problem(At(node.Start), "", $"the tag {node.Tag.Value} is not known here: one file is read, nothing is overridden");
        }
    }

    private static Place At(Mark mark) => new((int)Math.Max(1, mark.Line), (int)Math.Max(1, mark.Column));

    /// <summary>The usual cause of an error that the parser describes in its own terms.</summary>
    private static Place? TabNear(string text, int line)
    {
        string[] lines = text.Split('\n');
        for (int i = Math.Max(0, line - 2); i < Math.Min(lines.Length, line + 1); i++)
        {
            int indent = lines[i].Length - lines[i].TrimStart(' ').Length;
            if (indent < lines[i].Length && lines[i][indent] == '\t')
            {
                return new Place(i + 1, indent + 1);
            }
        }

        return null;
    }
}
