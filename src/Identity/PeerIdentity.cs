using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace RpiAgent.Identity;

/// <summary>What a certificate's holder is to the cluster.</summary>
public enum PeerRole
{
    Node,
    Coordinator,
    Operator,
    Consul,
}

/// <summary>Who is at the other end: the URI name <c>spiffe://rpi-agent/ROLE/ID</c> of a certificate of the cluster's CA.</summary>
/// <param name="Id">Lower-case letters, digits and hyphens, up to 63.</param>
public sealed record PeerIdentity(PeerRole Role, string Id)
{
    private const string Prefix = "spiffe://rpi-agent/";
    private static readonly Asn1Tag UriName = new(TagClass.ContextSpecific, 6);

    public Uri Uri => new($"{Prefix}{NameOf(Role)}/{Id}");

    public override string ToString() => $"{NameOf(Role)} {Id}";

    /// <summary>"node", "coordinator" and so on, as in certificates.</summary>
    public static string NameOf(PeerRole role) => role switch
    {
        PeerRole.Node => "node",
        PeerRole.Coordinator => "coordinator",
        PeerRole.Operator => "operator",
        PeerRole.Consul => "consul",
        _ => throw new ArgumentOutOfRangeException(nameof(role), role, "unknown role"),
    };

    /// <summary>Reads the one URI name; false when there is none, more than one, or it is not ours. Does not verify the certificate.</summary>
    public static bool TryRead(X509Certificate2 certificate, [NotNullWhen(true)] out PeerIdentity? identity)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        identity = null;
        X509Extension? names = certificate.Extensions.FirstOrDefault(extension => extension.Oid?.Value == "2.5.29.17");
        return names is not null && UrisIn(names.RawData) is [string only] && TryParse(only, out identity);
    }

    /// <summary>Reads <c>spiffe://rpi-agent/ROLE/ID</c>.</summary>
    public static bool TryParse(string uri, [NotNullWhen(true)] out PeerIdentity? identity)
    {
        ArgumentNullException.ThrowIfNull(uri);
        identity = null;
        if (!uri.StartsWith(Prefix, StringComparison.Ordinal) || uri[Prefix.Length..].Split('/') is not [string role, string id] || !IsId(id))
        {
            return false;
        }

        foreach (PeerRole known in Enum.GetValues<PeerRole>())
        {
            if (NameOf(known) == role)
            {
                identity = new PeerIdentity(known, id);
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a text may be an id.</summary>
    public static bool IsId(string text) =>
        text is { Length: > 0 and <= 63 } && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    private static List<string> UrisIn(byte[] subjectAlternativeName)
    {
        List<string> uris = [];
        try
        {
            AsnReader sequence = new AsnReader(subjectAlternativeName, AsnEncodingRules.DER).ReadSequence();
            while (sequence.HasData)
            {
                if (sequence.PeekTag().HasSameClassAndValue(UriName))
                {
                    uris.Add(sequence.ReadCharacterString(UniversalTagNumber.IA5String, UriName));
                }
                else
                {
                    sequence.ReadEncodedValue();
                }
            }
        }
        catch (AsnContentException)
        {
            return [];
        }

        return uris;
    }
}
