using System.Collections.Immutable;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Agent.NodeConfig.Wifi;
using RpiAgent.Identity;

namespace RpiAgent.Agent.Boot.Card;

/// <summary>What the card's files say together, key by key: rpi-agent.yaml before device-init.yaml before occidentalis.txt.</summary>
internal sealed record CardSettings
{
    public string Hostname { get; init; } = "";

    /// <summary>Null: to be looked for in the network.</summary>
    public Uri? Coordinator { get; init; }

    /// <summary>Of the CA by which the coordinator proves itself; null when the card tells none.</summary>
    public string? AuthorityDigest { get; init; }

    /// <summary>Null: this Pi is to join nothing.</summary>
    public JoinToken? Token { get; init; }

    /// <summary>Radios first: they may be the only way to the others.</summary>
    public ImmutableArray<AddressWish> Addresses { get; init; } = [];

    public CardSsh? Ssh { get; init; }

    public ImmutableArray<string> DockerOptions { get; init; } = [];

    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    public string TimeZone { get; init; } = "";

    public ImmutableArray<string> TimeServers { get; init; } = [];

    public bool ScrubLegacy { get; init; }

    /// <summary>For people: each value that counts and the file it is from; secrets as ***.</summary>
    public ImmutableArray<CardValue> Values { get; init; } = [];

    /// <summary>For people: what is written and not done.</summary>
    public ImmutableArray<string> Ignored { get; init; } = [];

    /// <param name="drafts">The most important first.</param>
    /// <param name="systemCountry">Where the radio is as this system knows it already; empty when it does not.</param>
    /// <exception cref="BootFileException">They do not fit together, or a value that counts cannot be used.</exception>
    public static CardSettings Merge(IReadOnlyList<CardDraft> drafts, string systemCountry = "")
    {
        List<CardValue> values = [];
        List<string> ignored = [.. drafts.SelectMany(draft => draft.Ignored)];
        foreach ((CardDraft draft, string key, string why) in drafts.SelectMany(draft => draft.Refused.Select(refused => (draft, refused.Key, refused.Value))))
        {
            bool counts = drafts.TakeWhile(one => one != draft).All(one => key == CardDraft.HostnameKey ? one.Hostname is null : !one.Radios.ContainsKey(key));
            ignored.Add(counts ? throw new BootFileException(why) : $"{why}; a more important file counts");
        }

        T? First<T>(string key, Func<CardDraft, T?> of, Func<T, string> show)
            where T : class
        {
            CardDraft? source = drafts.FirstOrDefault(draft => of(draft) is not null);
            if (source is null)
            {
                return null;
            }

            values.Add(new CardValue(key, show(of(source)!), source.File));
            return of(source);
        }

        string hostname = First("hostname", draft => draft.Hostname, text => text) ?? "";
        Uri? coordinator = First("coordinator.url", draft => draft.Coordinator, url => url.GetLeftPart(UriPartial.Authority));
        JoinToken? token = First("join_token", draft => draft.Token, secret => secret.ToString());
        string? authority = token?.AuthorityDigest ?? First("coordinator.ca_sha256", draft => draft.AuthorityDigest, digest => digest);
        string country = First("wifi.country", draft => draft.Country, text => text) ?? systemCountry;
        ImmutableArray<string> radios = [.. drafts.SelectMany(draft => draft.Radios.Keys).Distinct().Order(StringComparer.Ordinal)];
        List<AddressWish> wishes = [];
        foreach (string name in radios)
        {
            CardRadio radio = First($"wifi.interfaces.{name}", draft => draft.Radios.GetValueOrDefault(name), one => one.ToString())!;
            AddressWish? address = First($"network.interfaces.{name}", draft => draft.Addresses.GetValueOrDefault(name), Words);
            CardDraft source = drafts.First(draft => draft.Radios.ContainsKey(name));
            if (radio.Psk.Length == 0)
            {
                ignored.Add($"{source.File}: wifi.interfaces.{name} has no password; the radio is left as it is");
                wishes.AddRange(address is null ? [] : [address]);
            }
            else if (country.Length == 0 && source.File != BootFile.FileName)
            {
                // An older file has no place for a country: what else it says is not held up by that.
                ignored.Add($"{source.File}:{radio.Line}: {NoCountry}");
                wishes.AddRange(address is null ? [] : [address]);
            }
            else
            {
                wishes.Add((address ?? AddressWish.Dhcp(name)) with { Wifi = Join(radio, country, source.File) });
            }
        }

        foreach (string name in drafts.SelectMany(draft => draft.Addresses.Keys).Distinct().Except(radios).Order(StringComparer.Ordinal))
        {
            wishes.Add(First($"network.interfaces.{name}", draft => draft.Addresses.GetValueOrDefault(name), Words)!);
        }

        return new CardSettings
        {
            Hostname = hostname,
            Coordinator = coordinator,
            AuthorityDigest = authority,
            Token = token,
            Addresses = [.. wishes],
            Ssh = First("ssh", draft => draft.Ssh, ssh => $"{ssh.User}, {ssh.AuthorizedKeys.Length} keys"),
            DockerOptions = First("docker.opts", draft => draft.DockerOptions is { } words ? string.Join(' ', words) : null, text => text) is null ? [] : drafts.First(draft => draft.DockerOptions is not null).DockerOptions!.Value,
            Labels = First("labels", draft => draft.Labels, labels => string.Join(", ", labels.Select(label => $"{label.Key}={label.Value}"))) ?? ImmutableSortedDictionary<string, string>.Empty,
            TimeZone = First("timezone", draft => draft.TimeZone, text => text) ?? "",
            TimeServers = First("ntp", draft => draft.TimeServers is { } servers ? string.Join(' ', servers) : null, text => text) is null ? [] : drafts.First(draft => draft.TimeServers is not null).TimeServers!.Value,
            ScrubLegacy = First("scrub", draft => draft.ScrubLegacy ? "true" : null, text => text) is not null,
            Values = [.. values],
            Ignored = [.. ignored],
        };
    }

    private const string NoCountry = $"a radio network is named but no country; write 'wifi: {{country: DE}}', with yours, into {BootFile.FileName}";

    private static WifiNetwork Join(CardRadio radio, string country, string file)
    {
        try
        {
            return WifiNetwork.Create(radio.Ssid.AsSpan(), radio.Psk, country, radio.IsHidden);
        }
        catch (RefusalException e)
        {
            throw new BootFileException(
                $"{file}:{radio.Line}: {(country.Length == 0 ? NoCountry : e.Message)}",
                e);
        }
    }

    private static string Words(AddressWish wish) => wish.Method == AddressMethod.Dhcp
        ? "dhcp"
        : $"{wish.Address}/{wish.PrefixLength}{(wish.Gateway is { } gateway ? $" by {gateway}" : "")}{(wish.Dns.IsEmpty ? "" : $", dns {string.Join(' ', wish.Dns)}")}";
}

/// <param name="Shown">Never a secret.</param>
/// <param name="Source">The file's name.</param>
internal sealed record CardValue(string Key, string Shown, string Source);
