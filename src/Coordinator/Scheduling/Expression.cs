namespace RpiAgent.Coordinator.Scheduling;

/// <summary>One <c>key op value</c>: <c>zone==a</c>, <c>node!=pi1</c>, <c>disk==~ssd*</c> (soft), <c>model==/^[45]/</c>.</summary>
/// <param name="Soft">A wish: it counts for the rank of a node but removes none.</param>
/// <param name="Value">The value without the tilde, as written.</param>
internal sealed record Expression(string Text, string Key, bool Negated, bool Soft, string Value, ValuePattern Pattern)
{
    /// <summary>Longer ones are refused, so that matching stays bounded.</summary>
    public const int MaxLength = 1024;

    public bool Matches(string actual) => Pattern.Matches(actual) != Negated;

    /// <summary>Reads classic Swarm's grammar, with one-letter keys and with regular expressions checked here.</summary>
    /// <param name="literal">The value is a list of names (whitelist): slashes and stars mean themselves.</param>
    public static Expression? Parse(string text, out ExpressionError? error, bool literal = false)
    {
        error = Check(text, out int cut, out int start, out bool soft);
        if (error is not null)
        {
            return null;
        }
        string value = text[start..];
        if (!ValuePattern.TryCreate(value, start, literal, out ValuePattern pattern, out error))
        {
            error = error! with { Expression = text };
            return null;
        }
        return new(text, text[..cut], text[cut] == '!', soft, value, pattern);
    }

    private static ExpressionError? Check(string text, out int cut, out int start, out bool soft)
    {
        (start, soft) = (0, false);
        cut = text.IndexOf("==", StringComparison.Ordinal);
        if (cut < 0)
        {
            cut = text.IndexOf("!=", StringComparison.Ordinal);
        }
        if (text.Length > MaxLength)
        {
            return new(text[..40] + "…", MaxLength + 1, $"longer than {MaxLength} characters");
        }
        if (cut < 0)
        {
            int at = text.AsSpan().IndexOfAnyExcept(KeyCharacters);
            return new(text, (at < 0 ? text.Length : at) + 1, "expected == or != after the key");
        }
        if (cut == 0)
        {
            return new(text, 1, "the key before the operator is missing");
        }
        int bad = text.AsSpan(0, cut).IndexOfAnyExcept(KeyCharacters);
        if (bad < 0 && text[0] is (>= '0' and <= '9') or '.' or '-')
        {
            bad = 0;
        }
        if (bad >= 0)
        {
            return new(text, bad + 1, $"'{text[bad]}' is not allowed {(bad == 0 ? "at the start of" : "in")} a key");
        }
        return CheckValue(text, cut + 2, out start, out soft);
    }

    /// <summary><c>^[=!/]?~?[A-Za-z0-9:_\-\s.*/()?+\[\]\\^$|]+$</c></summary>
    private static ExpressionError? CheckValue(string text, int begin, out int start, out bool soft)
    {
        soft = begin < text.Length && text[begin] == '~';
        start = soft ? begin + 1 : begin;
        int i = start;
        if (!soft && i < text.Length && text[i] is '=' or '!' or '/')
        {
            bool slash = text[i] == '/';
            i++;
            if (i < text.Length && text[i] == '~')
            {
                i++;
            }
            else if (slash)
            {
                i--;
            }
        }
        if (i >= text.Length)
        {
            return new(text, i + 1, "the value is missing");
        }
        for (; i < text.Length; i++)
        {
            if (!ValueCharacters.Contains(text[i]))
            {
                return new(text, i + 1, $"'{text[i]}' is not allowed in a value");
            }
        }
        return null;
    }

    private static readonly System.Buffers.SearchValues<char> KeyCharacters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");

    private static readonly System.Buffers.SearchValues<char> ValueCharacters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:_- \t\n\f\r.*/()?+[]\\^$|");
}

/// <param name="Column">1 = first character of the expression.</param>
internal sealed record ExpressionError(string Expression, int Column, string Problem)
{
    public override string ToString() => $"'{Expression}', column {Column}: {Problem}";
}
