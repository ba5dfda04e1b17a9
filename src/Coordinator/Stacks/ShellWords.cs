using System.Collections.Immutable;
using System.Text;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>Splits a command line into words as a POSIX shell does: blanks, both quotes, backslash. Nothing is expanded.</summary>
internal static class ShellWords
{
    /// <returns>The words, or null when a quote is not closed or a backslash ends the text.</returns>
    public static ImmutableArray<string>? Split(string text)
    {
        ImmutableArray<string>.Builder words = ImmutableArray.CreateBuilder<string>();
        StringBuilder? word = null;
        char quote = '\0';
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (quote == '\0' && char.IsWhiteSpace(c))
            {
                Finish();
            }
            else if (c == '\\' && quote != '\'')
            {
                if (++i == text.Length)
                {
                    return null;
                }

                // Inside double quotes a backslash only escapes what would be special there (POSIX 2.2.3).
                bool kept = quote == '"' && text[i] is not ('"' or '\\' or '$' or '`' or '\n');
                if (text[i] != '\n' || kept)
                {
                    (word ??= new StringBuilder()).Append(kept ? "\\" : "").Append(text[i]);
                }
            }
            else if (c is '"' or '\'' && (quote == '\0' || quote == c))
            {
                quote = quote == '\0' ? c : '\0';
                word ??= new StringBuilder();
            }
            else
            {
                (word ??= new StringBuilder()).Append(c);
            }
        }

        if (quote != '\0')
        {
            return null;
        }

        Finish();
        return words.ToImmutable();

        void Finish()
        {
            if (word is not null)
            {
                words.Add(word.ToString());
                word = null;
            }
        }
    }
}
