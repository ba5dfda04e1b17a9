using System.Text;

namespace RpiAgent.Agent.NodeConfig;

/// <summary>The difference of two texts as <c>diff -u</c> prints it. For files of a few hundred lines.</summary>
internal static class UnifiedDiff
{
    private const int Context = 3;

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

    /// <summary>Longest common subsequence between the common start and the common end.</summary>
    private static List<(char Mark, string Line, int Old, int New)> Script(string[] old, string[] @new)
    {
        int[,] common = new int[old.Length + 1, @new.Length + 1];
        for (int i = old.Length - 1; i >= 0; i--)
        {
            for (int j = @new.Length - 1; j >= 0; j--)
            {
                common[i, j] = old[i] == @new[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
            }
        }

        List<(char, string, int, int)> script = [];
        int o = 0, n = 0;
        while (o < old.Length || n < @new.Length)
        {
            if (o < old.Length && n < @new.Length && old[o] == @new[n])
            {
                script.Add((' ', old[o], o++, n++));
            }
            else if (o < old.Length && (n == @new.Length || common[o + 1, n] >= common[o, n + 1]))
            {
                script.Add(('-', old[o], o++, n));
            }
            else
            {
                script.Add(('+', @new[n], o, n++));
            }
        }

        return script;
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
