using System.Collections.Immutable;
using System.Text;

namespace RpiAgent.Agent.NodeConfig.Interfaces;

/// <summary>One line as ifupdown reads it, joined from its continuations; <see cref="Raw"/> keeps every character of the file.</summary>
/// <param name="Text">Without leading and trailing blanks and continuation marks; empty for comments and blank lines.</param>
/// <param name="Offsets">Where in <see cref="Raw"/> each character of <see cref="Text"/> stands.</param>
/// <param name="Number">The line number that ifupdown prints: that of the last physical line.</param>
internal sealed record LogicalLine(string Raw, string Text, ImmutableArray<int> Offsets, int Number)
{
    /// <summary>Blanks of isspace(3) in the C locale; the line feed ends lines.</summary>
    private const string Blanks = " \t\n\v\f\r";
    private const int MaximumWord = 79;

    public static ImmutableArray<LogicalLine> Split(string file)
    {
        ImmutableArray<LogicalLine>.Builder lines = ImmutableArray.CreateBuilder<LogicalLine>();
        int position = 0;
        int number = 0;
        while (position < file.Length)
        {
            lines.Add(ReadOne(file, ref position, ref number));
        }

        return lines.ToImmutable();
    }

    /// <summary>The words, cut to 79 characters as ifupdown cuts them.</summary>
    public IEnumerable<Word> Words()
    {
        int at = 0;
        while (at < Text.Length)
        {
            int end = at;
            while (end < Text.Length && !IsBlank(Text[end]))
            {
                end++;
            }

            yield return new Word(Text[at..Math.Min(end, at + MaximumWord)], at, end);
            while (end < Text.Length && IsBlank(Text[end]))
            {
                end++;
            }

            at = end;
        }
    }

    /// <summary>What follows the first word.</summary>
    public string Rest
    {
        get
        {
            Word? second = Words().Skip(1).FirstOrDefault();
            return second is null ? "" : Text[second.Start..];
        }
    }

    /// <summary>The blanks that the line begins with.</summary>
    public string Indent => Raw[..Raw.TakeWhile(c => c is ' ' or '\t').Count()];

    /// <summary>CR LF or LF; LF when the file ends here without one.</summary>
    public string LineEnd => Raw.EndsWith("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";

    private static LogicalLine ReadOne(string file, ref int position, ref int number)
    {
        int start = position;
        StringBuilder text = new();
        ImmutableArray<int>.Builder offsets = ImmutableArray.CreateBuilder<int>();
        bool first = true;
        do
        {
            int end = file.IndexOf('\n', position);
            int next = end < 0 ? file.Length : end + 1;
            end = end < 0 ? file.Length : end;
            int from = position;
            while (first && from < end && IsBlank(file[from]))
            {
                from++;
            }

            number++;
            position = next;
            if (first && from < end && file[from] == '#')
            {
                return new LogicalLine(file[start..next], "", [], number);
            }

            if (!first)
            {
                text.Length--;
                offsets.RemoveAt(offsets.Count - 1);
            }

            for (int i = from; i < end; i++)
            {
                text.Append(file[i]);
                offsets.Add(i - start);
            }

            first = false;
        }
        while (text.Length > 0 && text[^1] == '\\');

        while (text.Length > 0 && IsBlank(text[^1]))
        {
            text.Length--;
            offsets.RemoveAt(offsets.Count - 1);
        }

        return new LogicalLine(file[start..position], text.ToString(), offsets.ToImmutable(), number);
    }

    private static bool IsBlank(char c) => Blanks.Contains(c, StringComparison.Ordinal);
}

/// <param name="Start">Index in the logical text.</param>
/// <param name="End">Index after the last character, of the uncut word.</param>
internal sealed record Word(string Value, int Start, int End);
