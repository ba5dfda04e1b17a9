using System.Collections.Immutable;

namespace RpiAgent.Agent.NodeConfig.Interfaces;

/// <summary>Reads interfaces(5) as ifupdown does: the main file and, at their place, the files that it includes.</summary>
internal sealed class InterfacesReader
{
    public const string MainPath = "/etc/network/interfaces";
    private const string CannotBeRead = "it is there but cannot be read: a plain file is expected, not a folder, a pipe or a link to nowhere";
    private const int MaximumDepth = 32;
    private const string TooLarge = "this file, with those read before it, has more than 256 KiB; no configuration of a network is so long, split off what is something else";

    /// <summary>Of all files together, so that the smallest Pi can hold what is made of them.</summary>
    private const int MaximumBytes = 256 * 1024;
    private const int MaximumPaths = 10_000;

    private readonly FileView _files;
    private int _bytesLeft = MaximumBytes;
    private int _pathsLeft = MaximumPaths;
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private readonly StanzaList _stanzas = new();
    private readonly ImmutableArray<NameList>.Builder _lists = ImmutableArray.CreateBuilder<NameList>();
    private readonly ImmutableArray<MappingStanza>.Builder _mappings = ImmutableArray.CreateBuilder<MappingStanza>();
    private readonly ImmutableArray<ParseError>.Builder _errors = ImmutableArray.CreateBuilder<ParseError>();
    private readonly ImmutableArray<string>.Builder _warnings = ImmutableArray.CreateBuilder<string>();

    private InterfacesReader(FileView files) => _files = files;

    /// <summary>Never throws for what a file says; errors are in the model.</summary>
    public static InterfacesModel Read(FileView files)
    {
        InterfacesReader reader = new(files);
        byte[]? content = files.Read(MainPath);
        reader._seen.Add(MainPath);
        InterfacesFile main = reader.ReadFile(MainPath, content ?? [], depth: 0);
        if (content is null && files.IsThere(MainPath))
        {
            reader.Fail(Unreadable(MainPath), CannotBeRead, concernsAll: true);
        }

        return new InterfacesModel(
            files, main, reader._stanzas.All, reader._lists.ToImmutable(), reader._mappings.ToImmutable(), reader._errors.ToImmutable(), reader._warnings.ToImmutable());
    }

    private InterfacesFile ReadFile(string path, byte[] content, int depth)
    {
        _bytesLeft -= content.Length;
        if (_bytesLeft < 0)
        {
            Place start = Unreadable(path);
            Fail(start, TooLarge, concernsAll: true);
            return start.File;
        }

        InterfacesFile file = InterfacesFile.Parse(path, content);
        Cursor cursor = new();
        for (int i = 0; i < file.Lines.Length; i++)
        {
            Place at = new(file, i);
            if (ReadLine(at, cursor, depth) is { } message)
            {
                Fail(at, message, concernsAll: depth == 0);
                break;
            }
        }

        return file;
    }

    /// <returns>What is wrong, in ifupdown's words, or null.</returns>
    private string? ReadLine(Place at, Cursor cursor, int depth)
    {
        LogicalLine line = at.Line;
        if (line.Raw.Contains('\0', StringComparison.Ordinal))
        {
            return "NUL byte; this is not a text file";
        }

        if (line.Text.Length == 0)
        {
            return null;
        }

        string keyword = line.Words().First().Value;
        if (keyword == "iface")
        {
            return IfaceLine.Read(at, _stanzas, _warnings, out cursor.Stanza) ?? cursor.Enter(Section.Iface);
        }

        if (keyword == "mapping")
        {
            _mappings.Add(new MappingStanza(at, Arguments(line)));
            return cursor.Enter(Section.Mapping);
        }

        if (InterfacesGrammar.IsNameList(keyword))
        {
            return ReadNames(at, keyword, cursor);
        }

        if (keyword == "source" || InterfacesGrammar.IsSourceDirectory(keyword))
        {
            cursor.Enter(Section.None);
            Include(at, keyword != "source", depth);
            return null;
        }

        return cursor.Section switch
        {
            Section.Iface => ReadOption(at, cursor.Stanza!, keyword),
            Section.Mapping => cursor.ReadMappingLine(keyword),
            _ => Misplaced(at),
        };
    }

    private string? ReadNames(Place at, string keyword, Cursor cursor)
    {
        ImmutableArray<string> names = Arguments(at.Line);
        bool isBareInStanza = names.IsEmpty && cursor.Section == Section.Iface && keyword != "rename";
        _lists.Add(new NameList(at, keyword, isBareInStanza ? [cursor.Stanza!.Name] : names));
        return isBareInStanza ? null : cursor.Enter(Section.None);
    }

    private static string? ReadOption(Place at, IfaceStanza stanza, string keyword)
    {
        string value = at.Line.Rest;
        if (value.Length == 0)
        {
            return "option with empty value";
        }

        // 'gateway? X' sets it where nothing else did.
        string name = keyword.Length > 1 && keyword[^1] == '?' ? keyword[..^1] : keyword;
        stanza.Options.Add(new IfaceOption(at, name switch { "post-up" => "up", "pre-down" => "down", _ => name }, value));
        return null;
    }

    private void Include(Place at, bool isDirectory, int depth)
    {
        string? argument = ConfigText.Utf8(at.Line.Rest);
        if (argument is null)
        {
            // Names of files are text here; what this one has nobody can say.
            Fail(at, "the name of the included file is not UTF-8; rename the file and write its new name here", concernsAll: true);
            return;
        }

        string pattern = argument.StartsWith('/') ? argument : $"{Path.GetDirectoryName(at.File.Path)}/{argument}";
        if (WordExpansion.Expand(pattern, out bool isUnclear) is not { } words)
        {
            if (isUnclear)
            {
                Fail(at, "which files this line includes cannot be told; write their paths without shell expressions", concernsAll: true);
                return;
            }

            _warnings.Add($"{at}: ifupdown silently ignores this line: {argument}");
            return;
        }

        if (depth == MaximumDepth)
        {
            Fail(at, $"files include each other more than {MaximumDepth} deep; include them from the main file", concernsAll: true);
            return;
        }

        foreach (string word in words)
        {
            IReadOnlyList<string>? paths = Glob.Expand(_files, word, ref _pathsLeft);
            if (paths is null)
            {
                Fail(at, $"more than {MaximumPaths} paths are included; name fewer", concernsAll: true);
                return;
            }

            foreach (string path in isDirectory ? paths.SelectMany(InDirectory) : paths)
            {
                ReadIncluded(at, path, depth + 1);
            }
        }
    }

    private void ReadIncluded(Place at, string path, int depth)
    {
        if (!path.StartsWith('/') || !_seen.Add(path))
        {
            return;
        }

        if (_files.Read(path) is { } content)
        {
            ReadFile(path, content, depth);
        }
        else if (_files.LeadsNowhere(path))
        {
            _warnings.Add($"{at}: couldn't open interfaces file \"{path}\": the link leads nowhere; ifupdown goes on without it");
        }
        else if (_files.IsThere(path) && _files.List(path) is null)
        {
            // Nobody can say which interfaces it has; a folder has none.
            Fail(Unreadable(path), CannotBeRead, concernsAll: true);
        }
    }

    private IEnumerable<string> InDirectory(string directory) =>
        (_files.List(directory) ?? [])
            .Where(name => name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'))
            .Order(StringComparer.Ordinal)
            .Select(name => $"{directory}/{name}");

    private static Place Unreadable(string path) => new(InterfacesFile.Parse(path, "\n"u8), 0);

    private void Fail(Place at, string message, bool concernsAll)
    {
        // The reader's rest of the file, with the interfaces that ifupdown does not see for it.
        ImmutableArray<string> lost = [.. at.File.Lines.Skip(at.LineIndex)
            .Select(line => line.Words().Take(3).ToArray())
            .Where(words => words is [{ Value: "iface" }, _] or [{ Value: "iface" }, _, { Value: not ("inet6" or "ipx" or "can" or "link" or "meta") }])
            .Select(words => words[1].Value)];
        _errors.Add(new ParseError(at, message, concernsAll, lost));
    }

    private static ImmutableArray<string> Arguments(LogicalLine line) => [.. line.Words().Skip(1).Select(word => word.Value)];

    private static string Misplaced(Place at) =>
        at.LineIndex == 0 && at.Line.Text.StartsWith("\u00ef\u00bb\u00bf", StringComparison.Ordinal)
            ? "misplaced option (byte order mark); save the file as plain UTF-8 without it"
            : "misplaced option; it belongs under an iface line, and words such as 'auto NAME' end the stanza before it";

    private enum Section
    {
        None,
        Iface,
        Mapping,
    }

    /// <summary>Which stanza the next line belongs to.</summary>
    private sealed class Cursor
    {
        public IfaceStanza? Stanza;
        private bool _hasScript;

        public Section Section { get; private set; }

        public string? Enter(Section section)
        {
            Section = section;
            _hasScript = false;
            return null;
        }

        public string? ReadMappingLine(string keyword)
        {
            if (keyword == "script")
            {
                bool isSecond = _hasScript;
                _hasScript = true;
                return isSecond ? "duplicate script in mapping" : null;
            }

            return keyword == "map" ? null : "misplaced option; a mapping has only 'script' and 'map' lines";
        }
    }
}
