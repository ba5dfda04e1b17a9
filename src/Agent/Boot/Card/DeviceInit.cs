using System.Collections.Immutable;
using RpiAgent.Agent.NodeConfig;

namespace RpiAgent.Agent.Boot.Card;

/// <summary>device-init.yaml of HypriotOS: host name and radio networks are taken over, the rest is told and not done.</summary>
internal static class DeviceInit
{
    public const string FileName = "device-init.yaml";

    /// <exception cref="BootFileException">It is not YAML, or what is taken over cannot be used.</exception>
    public static CardDraft Parse(ReadOnlySpan<byte> content, string path)
    {
        if (CardYaml.Load(content, path, isForeign: true) is not { } root)
        {
            return new CardDraft(FileName);
        }

        ImmutableArray<CardEntry> top = root.Entries("the file");
        CardNode? Find(string key) => top.FirstOrDefault(entry => entry.Key == key && !entry.Value.IsEmpty)?.Value;
        CardNode? radios = Find("wifi")?.Entries("wifi").FirstOrDefault(entry => entry.Key == "interfaces" && !entry.Value.IsEmpty)?.Value;
        LegacyValues values = new();
        return new CardDraft(FileName)
        {
            Hostname = Find("hostname") is { } name ? values.Read(CardDraft.HostnameKey, () => BootFile.ReadHostname(name, isForeign: true)) : null,
            Radios = radios is null ? ImmutableSortedDictionary<string, CardRadio>.Empty : values.Radios(radios),
            Refused = values.Refused,
            Ignored = [.. top.Where(entry => entry.Key is not ("hostname" or "wifi") && !entry.Value.IsEmpty).Select(entry => $"{FileName}: {Words(entry)}")],
        };
    }

    private static string Words(CardEntry entry) => entry.Key switch
    {
        "runcmd" => "runcmd is not executed",
        "docker" => "docker.images are not loaded",
        "clusterlab" => "clusterlab is not started",
        _ => $"'{entry.Key}' is ignored",
    };
}
