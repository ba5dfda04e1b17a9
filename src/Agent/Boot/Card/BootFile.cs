using System.Collections.Immutable;
using System.Globalization;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Agent.NodeConfig.Documents;
using RpiAgent.Agent.Ssh;
using RpiAgent.Identity;

namespace RpiAgent.Agent.Boot.Card;

/// <summary>rpi-agent.yaml: what a person wrote on the card for this Pi. A key that is not honoured is refused, never dropped.</summary>
internal static class BootFile
{
    public const string FileName = "rpi-agent.yaml";

    private static readonly ImmutableArray<string> DockerKeys = ["opts", "tls"], InterfaceKeys = ["method", "address", "gateway", "dns", "search"];
    private static readonly ImmutableArray<string> Keys =
        ["version", "hostname", "coordinator", "join_token", "wifi", "network", "ssh", "docker", "consul", "labels", "timezone", "ntp", "scrub"];

    /// <exception cref="BootFileException">With file, line and remedy; all of the file is refused.</exception>
    public static CardDraft Parse(ReadOnlySpan<byte> content, string path)
    {
        CardNode root = CardYaml.Load(content, path) ?? throw new BootFileException($"{path}:1: expected lines of 'key: value'; the file is empty");
        CardSection top = root.Section("the file", Keys);
        if (top["version"]?.Text("version") is not "1")
        {
            throw new BootFileException($"{path}: 'version: 1' is missing or is another version; write 'version: 1' as the first line");
        }

        JoinToken? token = top["join_token"] is { } written ? ReadToken(written) : null;
        (Uri? coordinator, string? digest) = top["coordinator"] is { } named ? ReadCoordinator(named, token) : default;
        CardSection? wifi = top["wifi"]?.Section("wifi", ["country", "interfaces"]);
        return new CardDraft(FileName)
        {
            Hostname = top["hostname"] is { } name ? ReadHostname(name) : null,
            Coordinator = coordinator,
            AuthorityDigest = digest,
            Token = token,
            Country = wifi?["country"] is { } country ? ReadCountry(country) : null,
            Radios = wifi?["interfaces"] is { } radios ? CardRadios.Read(radios.Entries("wifi.interfaces"), strict: true) : ImmutableSortedDictionary<string, CardRadio>.Empty,
            Addresses = top["network"] is { } network ? ReadNetwork(network) : ImmutableSortedDictionary<string, AddressWish>.Empty,
            Ssh = top["ssh"] is { } ssh ? ReadSsh(ssh) : null,
            DockerOptions = top["docker"] is { } docker ? ReadDocker(docker) : null,
            Labels = top["labels"] is { } labels ? ReadLabels(labels) : null,
            TimeZone = top["timezone"] is { } zone ? ReadTimeZone(zone) : null,
            TimeServers = top["ntp"] is { } ntp ? ReadTimeServers(ntp) : null,
            ScrubLegacy = top["scrub"]?.Flag("scrub") ?? false,
            Ignored = [.. Ignored(top)],
        };
    }

    /// <summary>What the cluster decides and a card cannot.</summary>
    private static IEnumerable<string> Ignored(CardSection top)
    {
        if (top["consul"] is not null)
        {
            yield return $"{FileName}: consul is ignored; a node gets its Consul servers from the coordinator";
        }

        if (top["docker"]?.Section("docker", DockerKeys)["tls"] is not null)
        {
            yield return $"{FileName}: docker.tls is ignored; the coordinator, which has the certificates, turns it on";
        }

        foreach (CardEntry entry in top["network"]?.Section("network", ["interfaces"])["interfaces"]?.Entries("network.interfaces") ?? [])
        {
            if (entry.Value.Section($"network.interfaces.{entry.Key}", InterfaceKeys)["search"] is not null)
            {
                yield return $"{FileName}: network.interfaces.{entry.Key}.search is ignored; search domains stay as this Pi has them";
            }
        }
    }

    private static string ReadCountry(CardNode node)
    {
        string country = node.Text("wifi.country");
        return country.Length == 2 && country.All(char.IsAsciiLetter) ? country.ToUpperInvariant() : throw node.Bad($"wifi.country '{country}' is not a country as two letters, such as DE");
    }

    /// <param name="isForeign">Of an older file, whose program took capitals.</param>
    public static string ReadHostname(CardNode node, bool isForeign = false)
    {
        string name = isForeign ? node.Text("hostname").ToLowerInvariant() : node.Text("hostname");
        return HostNameRules.Refuse(name) is { } refusal ? throw node.Bad(refusal.Message) : name;
    }

    private static JoinToken ReadToken(CardNode node) =>
        JoinToken.TryParse(node.Text("join_token"), out JoinToken? token, out string? refusal) ? token : throw node.Bad(refusal);

    /// <returns>Its address and the digest of its CA, each null when it is not written.</returns>
    private static (Uri? Address, string? AuthorityDigest) ReadCoordinator(CardNode node, JoinToken? token)
    {
        string? authority = null;
        CardSection section = node.Section("coordinator", ["url", "ca_sha256"]);
        if (section["ca_sha256"] is { } digest)
        {
            string text = digest.Text("coordinator.ca_sha256").Replace(":", "", StringComparison.Ordinal).ToLowerInvariant();
            if (text.Length != 64 || !text.All(char.IsAsciiHexDigitLower))
            {
                throw digest.Bad("coordinator.ca_sha256 is not 64 hexadecimal digits");
            }

            if (token is not null && token.AuthorityDigest != text)
            {
                throw digest.Bad($"coordinator.ca_sha256 begins with {text[..12]}, but the join token is of the cluster {token.AuthorityDigest[..12]}; take both from the same cluster");
            }

            authority = text;
        }

        if (section["url"] is not { } address)
        {
            return (null, authority);
        }

        string written = address.Text("coordinator.url");
        return Uri.TryCreate(written, UriKind.Absolute, out Uri? url) && url.Scheme == Uri.UriSchemeHttps && url.PathAndQuery == "/" && url.UserInfo.Length == 0
            ? (url, authority)
            : throw address.Bad($"coordinator.url '{written}' is not of the form https://ADDRESS:PORT");
    }

    private static ImmutableSortedDictionary<string, AddressWish> ReadNetwork(CardNode node)
    {
        ImmutableSortedDictionary<string, AddressWish>.Builder wishes = ImmutableSortedDictionary.CreateBuilder<string, AddressWish>(StringComparer.Ordinal);
        if (node.Section("network", ["interfaces"])["interfaces"] is not { } interfaces)
        {
            throw node.Bad("network must hold 'interfaces:'");
        }

        foreach (CardEntry entry in interfaces.Entries("network.interfaces"))
        {
            string place = $"network.interfaces.{entry.Key}";
            CardSection section = entry.Value.Section(place, InterfaceKeys);
            string method = section["method"]?.Text($"{place}.method") ?? throw entry.Value.Bad($"{place} must say 'method: dhcp' or 'method: static'");
            wishes[entry.Key] = entry.Value.Checked(() => method switch
            {
                "dhcp" when section["address"] is null && section["gateway"] is null && section["dns"] is null => AddressWish.Dhcp(entry.Key),
                "dhcp" => throw entry.Value.Bad($"{place}: address, gateway and dns go with 'method: static'; remove them"),
                "static" => AddressWish.Static(
                    entry.Key,
                    section["address"]?.Text($"{place}.address") ?? throw entry.Value.Bad($"{place} needs 'address: A.B.C.D/LEN'"),
                    section["gateway"]?.Text($"{place}.gateway"),
                    section["dns"]?.List($"{place}.dns") ?? []),
                _ => throw entry.Value.Bad($"{place}.method '{method}' is neither dhcp nor static"),
            });
        }

        return wishes.ToImmutable();
    }

    private static CardSsh ReadSsh(CardNode node)
    {
        CardSection section = node.Section("ssh", ["user", "authorized_keys"]);
        CardSsh ssh = new(
            section["user"]?.Text("ssh.user") ?? throw node.Bad("ssh needs 'user:', whose keys these are"),
            section["authorized_keys"]?.List("ssh.authorized_keys") ?? throw node.Bad("ssh needs 'authorized_keys:'"));
        return CardKeys.Refuse(ssh.User, ssh.AuthorizedKeys) is { } refusal ? throw node.Bad(refusal) : ssh;
    }

    private static ImmutableArray<string>? ReadDocker(CardNode node)
    {
        if (node.Section("docker", DockerKeys)["opts"] is not { } opts)
        {
            return null;
        }

        // A line of them, as in DOCKER_OPTS, or a list.
        ImmutableArray<string> words = opts.IsScalar(_ => true) ? [.. opts.Text("docker.opts").Split(' ', StringSplitOptions.RemoveEmptyEntries)] : opts.List("docker.opts");
        return words.FirstOrDefault(word => !word.StartsWith('-') || word.Any(c => c <= ' ' || c is '"' or '\'' or '\\' or '$' or '`' || c > '~')) is { } odd
            ? throw opts.Bad($"docker.opts: '{odd}' is not one option such as --log-level=warn; write each as one entry, without blanks or quotes")
            : words;
    }

    private static ImmutableSortedDictionary<string, string> ReadLabels(CardNode node) =>
        node.Entries("labels").ToImmutableSortedDictionary(entry => entry.Key, entry => entry.Value.Text($"labels.{entry.Key}"), StringComparer.Ordinal);

    private static string ReadTimeZone(CardNode node)
    {
        string zone = node.Text("timezone");
        return zone.Length <= 64 && zone.Split('/').All(part => part.Length > 0 && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '+'))
            ? zone
            : throw node.Bad($"timezone '{zone}' is not of the form Europe/Berlin");
    }

    private static ImmutableArray<string> ReadTimeServers(CardNode node)
    {
        ImmutableArray<string> servers = node.List("ntp");
        return servers.FirstOrDefault(server => server.Length > 253 || Uri.CheckHostName(server) is UriHostNameType.Unknown or UriHostNameType.Basic) is { } odd
            ? throw node.Bad(string.Create(CultureInfo.InvariantCulture, $"ntp: '{odd}' is not a host's name or address"))
            : servers;
    }
}
