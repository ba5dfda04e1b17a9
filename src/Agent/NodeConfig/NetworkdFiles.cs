using System.Text;
using RpiAgent.Agent.NodeConfig.Interfaces;
using RpiAgent.Agent.NodeConfig.Profiles;

namespace RpiAgent.Agent.NodeConfig;

/// <summary>Files of networkd and netplan in a tree, and which of them are about an interface.</summary>
internal static class NetworkdFiles
{
    private static readonly string[] Folders = ["/etc/systemd/network", "/run/systemd/network", "/usr/lib/systemd/network", "/etc/netplan"];

    public static IEnumerable<string> For(FileView files, string interfaceName) =>
        from folder in Folders
        from name in files.List(folder) ?? []
        let content = files.Read($"{folder}/{name}") ?? []
        where content.Length > 0 // an empty one, or a link to /dev/null, is masked
        where name.EndsWith(".network", StringComparison.Ordinal) ? Matches(Keyfile.Parse(content), interfaceName, files)
            : name.EndsWith(".yaml", StringComparison.Ordinal) && Names(Encoding.Latin1.GetString(content)).Any(pattern => Glob.Matches(pattern, interfaceName))
        select $"{folder}/{name}";

    /// <summary>[Match] of systemd.network(5): all of it must fit. What cannot be seen in a tree (a driver, a path) may fit, and so may a file without any.</summary>
    private static bool Matches(Keyfile file, string interfaceName, FileView files)
    {
        string mac = Encoding.ASCII.GetString(files.Read($"/sys/class/net/{interfaceName}/address") ?? []).Trim();
        return file.Of("Match").GroupBy(entry => entry.Key, entry => entry.Value).All(values => values.Key switch
        {
            "Name" => Words(values).ToArray() is [['!', .. var first], .. var others]
                ? !others.Prepend(first).Any(pattern => Glob.Matches(pattern, interfaceName))
                : Words(values).Any(pattern => Glob.Matches(pattern, interfaceName)),
            "Type" => Words(values).Contains(interfaceName.StartsWith("wl", StringComparison.Ordinal) ? "wlan" : "ether", StringComparer.Ordinal),
            "MACAddress" or "PermanentMACAddress" => mac.Length == 0 || Words(values).Contains(mac, StringComparer.OrdinalIgnoreCase),
            "Kind" => Words(values).First().StartsWith('!'), // of virtual devices
            _ => true,
        });
    }

    private static IEnumerable<string> Words(IEnumerable<string> values) => values.SelectMany(value => value.Split(' ', StringSplitOptions.RemoveEmptyEntries)).DefaultIfEmpty("");

    /// <summary>The keys and names of netplan's YAML: "eth0:", "eth0: {dhcp4: true}", "match: {name: eth*}".</summary>
    private static IEnumerable<string> Names(string text)
    {
        foreach (string line in text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] is not '#' && line.Contains(':', StringComparison.Ordinal)))
        {
            string[] words = line.Split([':', '{', '}', ',', ' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            foreach (string word in words.Take(1).Concat(words.Zip(words.Skip(1)).Where(pair => pair.First == "name").Select(pair => pair.Second)))
            {
                yield return word.Trim('"', '\'');
            }
        }
    }
}
