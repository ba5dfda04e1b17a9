using System.Text;
using System.Text.RegularExpressions;

namespace RpiAgent.Agent.NodeConfig;

/// <summary>Bytes of configuration files as text for people and for JSON.</summary>
internal static partial class ConfigText
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>UTF-8 where it is, else one character per byte.</summary>
    public static string Show(byte[] content)
    {
        try
        {
            return Strict.GetString(content);
        }
        catch (DecoderFallbackException)
        {
            return Encoding.Latin1.GetString(content);
        }
    }

    /// <summary>What one character per byte says in UTF-8, or null when it is no UTF-8.</summary>
    public static string? Utf8(string latin1)
    {
        try
        {
            return Strict.GetString(Encoding.Latin1.GetBytes(latin1));
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>Text of a file that was read as one character per byte.</summary>
    public static string Show(string latin1) => Utf8(latin1) ?? latin1;

    /// <summary>For eyes: keys of radio networks are shown as <c>***</c>.</summary>
    public static string ShowWithoutSecrets(byte[] content) => Secrets().Replace(Show(content), "${key}***");

    [GeneratedRegex(@"^(?<key>[ \t]*(psk|password|wep-key\d|leap-password|private-key-password|wpa-psk|wireless-key)[ \t]*[= \t][ \t]*)\S.*?(?=\r?$)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Secrets();
}
