namespace RpiAgent.Agent.NodeConfig.Interfaces;

/// <summary>Shell patterns: <c>*</c>, <c>?</c>, <c>[a-z]</c>, <c>[!a]</c>, <c>[[:digit:]]</c> and <c>\x</c>, as fnmatch(3) and glob(3) read them.</summary>
internal static class Glob
{
    private static readonly System.Buffers.SearchValues<char> Special = System.Buffers.SearchValues.Create("*?[\\");

    /// <summary>Takes time proportional to the product of both lengths, whatever the pattern.</summary>
    public static bool Matches(string pattern, string name)
    {
        int p = 0, n = 0, starPattern = -1, starName = 0;
        while (n < name.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                starPattern = p++;
                starName = n;
            }
            else if (p < pattern.Length && MatchesOne(pattern, p, name[n], out int after))
            {
                p = after;
                n++;
            }
            else if (starPattern >= 0)
            {
                p = starPattern + 1;
                n = ++starName;
            }
            else
            {
                return false;
            }
        }

        return pattern.AsSpan(p).TrimStart('*').IsEmpty;
    }

    /// <summary>Existing paths in byte order; the pattern itself when it has no wildcard or nothing matches.</summary>
    /// <param name="left">How many paths may yet be found, those on the way counted.</param>
    /// <returns>Null when there are more.</returns>
    public static IReadOnlyList<string>? Expand(FileView files, string pattern, ref int left)
    {
        if (--left < 0)
        {
            return null;
        }

        if (!pattern.AsSpan().ContainsAny(Special))
        {
            return [pattern];
        }

        List<string> found = [""];
        bool isFirst = true;
        foreach (string part in pattern.Split('/'))
        {
            string separator = isFirst ? "" : "/";
            isFirst = false;
            found = [.. found.SelectMany(directory => Step(files, directory + separator, part)).Take(left + 1)];
            if ((left -= found.Count) < 0)
            {
                return null;
            }
        }

        found.Sort(StringComparer.Ordinal);
        return found.Count == 0 ? [pattern] : found;
    }

    private static IEnumerable<string> Step(FileView files, string directory, string part)
    {
        if (!part.AsSpan().ContainsAny(Special))
        {
            return [directory + part];
        }

        // A wildcard never matches a leading dot.
        return (files.List(directory.Length == 0 ? "/" : directory) ?? [])
            .Where(name => (name[0] != '.' || part[0] == '.') && Matches(part, name))
            .Select(name => directory + name);
    }

    private static bool MatchesOne(string pattern, int at, char c, out int after)
    {
        after = at + 1;
        switch (pattern[at])
        {
            case '?':
                return true;
            case '\\' when after < pattern.Length:
                after++;
                return pattern[at + 1] == c;
            case '[' when ClassEnd(pattern, at) is int end and > 0:
                after = end + 1;
                return MatchesClass(pattern.AsSpan((at + 1)..end), c);
            default:
                return pattern[at] == c;
        }
    }

    /// <returns>Index of the closing bracket, or 0 when the bracket stands for itself.</returns>
    private static int ClassEnd(string pattern, int open)
    {
        int first = open + 1 + (open + 1 < pattern.Length && pattern[open + 1] is '!' or '^' ? 1 : 0);
        for (int at = first; at < pattern.Length; at++)
        {
            if (NamedClass(pattern.AsSpan(at)) is { Length: > 0 } named)
            {
                at += named.Length + "[::]".Length - 1;
            }
            else if (pattern[at] == ']' && at > first)
            {
                return at;
            }
        }

        return 0;
    }

    private static bool MatchesClass(ReadOnlySpan<char> set, char c)
    {
        bool negated = set[0] is '!' or '^';
        bool found = false;
        for (int i = negated ? 1 : 0; i < set.Length; i++)
        {
            if (NamedClass(set[i..]) is { Length: > 0 } named)
            {
                found |= IsOf(named, c);
                i += named.Length + "[::]".Length - 1;
            }
            else if (i + 2 < set.Length && set[i + 1] == '-')
            {
                found |= c >= set[i] && c <= set[i + 2];
                i += 2;
            }
            else
            {
                found |= c == set[i];
            }
        }

        return found != negated;
    }

    /// <summary>The name in <c>[:name:]</c> at the beginning, or nothing.</summary>
    private static ReadOnlySpan<char> NamedClass(ReadOnlySpan<char> set) =>
        set.StartsWith("[:") && set.IndexOf(":]") is int end and > 2 && !set[2..end].ContainsAnyExceptInRange('a', 'z') ? set[2..end] : [];

    /// <summary>In the C locale, as ifupdown runs at boot.</summary>
    private static bool IsOf(ReadOnlySpan<char> named, char c) => named switch
    {
        "alnum" => char.IsAsciiLetterOrDigit(c),
        "alpha" => char.IsAsciiLetter(c),
        "blank" => c is ' ' or '\t',
        "cntrl" => c is < ' ' or '\x7f',
        "digit" => char.IsAsciiDigit(c),
        "graph" => c is > ' ' and < '\x7f',
        "lower" => char.IsAsciiLetterLower(c),
        "print" => c is >= ' ' and < '\x7f',
        "punct" => c is > ' ' and < '\x7f' && !char.IsAsciiLetterOrDigit(c),
        "space" => c is ' ' or (>= '\t' and <= '\r'),
        "upper" => char.IsAsciiLetterUpper(c),
        "xdigit" => char.IsAsciiHexDigit(c),
        _ => false,
    };
}
