using System.Text;

namespace RpiAgent.Agent.NodeConfig;

/// <summary>The difference of two texts as <c>diff -u</c> prints it. Of long texts that differ much it is right but not the shortest.</summary>
internal static class UnifiedDiff
{
    private const int Context = 3;
    private const int MaximumCells = 1_000_000;

    public static string Of(string path, string before, string after)
    {
        string[] old = Lines(before), @new = Lines(after);
        List<(char Mark, string Line, int Old, int New)> script = Script(old, @new);
        StringBuilder text = new();
        int next = 0;
        while ((next = script.FindIndex(next, entry => entry.Mark != ' ')) >= 0)
        {
            int first = Math.Max(0, next - Context), last = next;
            for (int i = next; i < script.Count && i <= last + (2 * Context); i++)
            {
                last = script[i].Mark == ' ' ? last : i;
            }

            int end = Math.Min(script.Count, last + Context + 1);
            AppendHunk(text, script[first..end]);
            next = end;
        }

        return text.Length == 0 ? "" : $"--- {path}\n+++ {path}\n{text}";
    }

    private static void AppendHunk(StringBuilder text, List<(char Mark, string Line, int Old, int New)> hunk)
    {
        int removed = hunk.Count(entry => entry.Mark != '+'), added = hunk.Count(entry => entry.Mark != '-');
        text.Append("@@ -").Append(Range(hunk[0].Old, removed)).Append(" +").Append(Range(hunk[0].New, added)).Append(" @@\n");
        foreach ((char mark, string line, _, _) in hunk)
        {
            text.Append(mark).Append(line.EndsWith('\n') ? line : line + "\n\\ No newline at end of file\n");
        }
    }

    private static string Range(int start, int count) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{(count == 0 ? start : start + 1)}{(count == 1 ? "" : $",{count}")}");

    private static List<(char Mark, string Line, int Old, int New)> Script(string[] old, string[] @new)
    {
        int start = old.Zip(@new).TakeWhile(pair => pair.First == pair.Second).Count();
        int end = old.Skip(start).Reverse().Zip(@new.Skip(start).Reverse()).TakeWhile(pair => pair.First == pair.Second).Count();
        List<(char, string, int, int)> script = [.. old.Take(start).Select((line, i) => (' ', line, i, i))];
        AppendMiddle(script, old.AsSpan(start..^end), @new.AsSpan(start..^end), start);
        script.AddRange(old.TakeLast(end).Select((line, i) => (' ', line, old.Length - end + i, @new.Length - end + i)));
        return script;
    }

    /// <summary>Longest common subsequence between the common start and the common end; all of both where its table were too large.</summary>
    private static void AppendMiddle(List<(char Mark, string Line, int Old, int New)> script, ReadOnlySpan<string> old, ReadOnlySpan<string> @new, int start)
    {
        bool isSmall = (long)old.Length * @new.Length <= MaximumCells;
        int[,] common = new int[isSmall ? old.Length + 1 : 0, isSmall ? @new.Length + 1 : 0];
        for (int i = old.Length - 1; isSmall && i >= 0; i--)
        {
            for (int j = @new.Length - 1; j >= 0; j--)
            {
                common[i, j] = old[i] == @new[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
            }
        }

        int o = 0, n = 0;
        while (o < old.Length || n < @new.Length)
        {
            if (isSmall && o < old.Length && n < @new.Length && old[o] == @new[n])
            {
                script.Add((' ', old[o], start + o++, start + n++));
            }
            else if (o < old.Length && (n == @new.Length || !isSmall || common[o + 1, n] >= common[o, n + 1]))
            {
                script.Add(('-', old[o], start + o++, start + n));
            }
            else
            {
                script.Add(('+', @new[n], start + o, start + n++));
            }
        }
    }

    private static string[] Lines(string text)
    {
        List<string> lines = [];
        for (int start = 0; start < text.Length;)
        {
            int end = text.IndexOf('\n', start);
            end = end < 0 ? text.Length : end + 1;
            lines.Add(text[start..end]);
            start = end;
        }

        return [.. lines];
    }
}
