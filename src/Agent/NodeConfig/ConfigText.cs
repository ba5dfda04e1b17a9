using System.Text;

namespace RpiAgent.Agent.NodeConfig;

/// <summary>Bytes of configuration files as text for people and for JSON.</summary>
internal static class ConfigText
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
}
