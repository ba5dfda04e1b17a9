namespace RpiAgent.Agent.Ssh;

/// <summary>The options before a key, as sshd reads them: separated by commas, values in double quotes, in which <c>\"</c> is a quote.</summary>
internal static class KeyOptions
{
    /// <summary>The first blank that is not in quotes.</summary>
    public static int EndOf(string text, int start)
    {
        bool quoted = false;
        int at = start;
        for (; at < text.Length && (quoted || text[at] is not (' ' or '\t')); at++)
        {
            if (text[at] == '\\' && at + 1 < text.Length && text[at + 1] == '"')
            {
                at++;
            }
            else if (text[at] == '"')
            {
                quoted = !quoted;
            }
        }

        return at;
    }

    /// <summary>Lower case, without values.</summary>
    public static IEnumerable<string> Names(string options)
    {
        string text = options.Trim(' ', '\t');
        for (int start = 0; start < text.Length;)
        {
            int end = start;
            bool quoted = false;
            while (end < text.Length && (quoted || text[end] != ','))
            {
                quoted ^= text[end] == '"' && text[end - (end > start ? 1 : 0)] != '\\';
                end++;
            }

            yield return text[start..end].Split('=', 2)[0].ToLowerInvariant();
            start = end + 1;
        }
    }
}
