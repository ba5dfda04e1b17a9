using System.Collections.Immutable;
using System.Text;

namespace RpiAgent.Agent.Boot.Card;

/// <summary>
/// Takes secrets that have been used out of a file of the card. Pure; works on bytes, all else in the file stays. What a power cut leaves
/// of it, in whichever order the sectors were written, is taken out the next time.
/// </summary>
internal static class CardScrub
{
    /// <summary>A value of dots is YAML, and no token: one of those has two of them.</summary>
    private const byte Filler = (byte)'.';

    public static ScrubbedFile Plan(CardFile file, UsedCard used)
    {
        if (file.Content.Length > CardYaml.MaximumBytes)
        {
            return new ScrubbedFile(file.Content, file.Content, IsClean: true, $"{file.Name}: larger than 64 KiB; this is not a boot file");
        }

        ImmutableArray<CardSecret> secrets;
        string? doubt = null;
        try
        {
            secrets = file.Name switch
            {
                BootFile.FileName => CardSecrets.OfYaml(file, used),
                DeviceInit.FileName when used.LegacyToo => CardSecrets.OfYaml(file, used),
                Occidentalis.FileName when used.LegacyToo && used.Radios.Contains(Occidentalis.Radio) => CardSecrets.OfLines(file),
                _ => [],
            };
        }
        catch (BootFileException e)
        {
            // Half written or wrongly edited: a token can be told without the rest, a password cannot.
            secrets = file.Name == BootFile.FileName ? CardSecrets.OfTokenLines(file, used) : [];
            doubt = used.Radios.IsEmpty ? null : e.Message;
        }

        secrets = [.. secrets, .. CardSecrets.OfTokenText(file.Content, used).Where(text => !secrets.Any(one => one.From < text.End && text.From < one.End))];
        byte[] filler = [.. file.Content];
        List<byte> without = [.. file.Content];
        foreach (CardSecret secret in secrets.OrderByDescending(one => one.From))
        {
            foreach (Range part in secret.Parts)
            {
                Fill(filler.AsSpan(part));
            }

            without.RemoveRange(secret.From, secret.End - secret.From);
            without.InsertRange(secret.From, Encoding.ASCII.GetBytes(secret.Instead));
        }

        return new ScrubbedFile(filler, [.. without], secrets.IsEmpty, doubt);
    }

    /// <summary>Lines and their indentation stay, so that the file can be read whenever the power goes.</summary>
    private static void Fill(Span<byte> part)
    {
        bool isIndentation = false;
        foreach (ref byte one in part)
        {
            isIndentation = one is (byte)'\r' or (byte)'\n' || (isIndentation && one == (byte)' ');
            one = isIndentation ? one : Filler;
        }
    }
}

/// <param name="Filler">As long as the file was; the secrets overwritten.</param>
/// <param name="Without">The file without the keys.</param>
/// <param name="IsClean">There is nothing to take away.</param>
/// <param name="Doubt">Why there may be more; null when there is not.</param>
internal sealed record ScrubbedFile(byte[] Filler, byte[] Without, bool IsClean, string? Doubt);
