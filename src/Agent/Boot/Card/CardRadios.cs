using System.Collections.Immutable;
using System.Text;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Agent.NodeConfig.Wifi;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Boot.Card;

/// <summary>The part <c>wifi.interfaces</c>, the same in rpi-agent.yaml and in device-init.yaml.</summary>
internal static class CardRadios
{
    /// <param name="strict">Unknown keys are refused, as in rpi-agent.yaml.</param>
    public static ImmutableSortedDictionary<string, CardRadio> Read(ImmutableArray<CardEntry> interfaces, bool strict)
    {
        ImmutableSortedDictionary<string, CardRadio>.Builder radios = ImmutableSortedDictionary.CreateBuilder<string, CardRadio>(StringComparer.Ordinal);
        foreach (CardEntry entry in interfaces)
        {
            string place = $"wifi.interfaces.{entry.Key}";
            if (!Names.IsInterface(entry.Key))
            {
                throw entry.KeyNode.Bad($"'{entry.Key}' is not the name of an interface such as wlan0");
            }

            if (!strict && entry.Value.IsEmpty)
            {
                continue;
            }

            CardSection section = strict
                ? entry.Value.Section(place, ["ssid", "ssid_hex", "password", "hidden"])
                : new CardSection(entry.Value.Entries(place).ToImmutableDictionary(one => one.Key, one => one.Value));
            if (!strict && (section["ssid"] is null or { IsEmpty: true }))
            {
                continue;
            }

            ImmutableArray<byte> ssid = (section["ssid"], strict ? section["ssid_hex"] : null) switch
            {
                ({ } text, null) => [.. Encoding.UTF8.GetBytes(text.Text($"{place}.ssid"))],
                (null, { } hex) => ReadHex(hex, $"{place}.ssid_hex"),
                _ => throw entry.Value.Bad($"{place} needs 'ssid:' or 'ssid_hex:', one of them"),
            };
            if (strict && section["password"] is { } empty && (empty.IsEmpty || empty.IsScalar(text => text.Length == 0)))
            {
                throw empty.Bad($"{place}.password is empty; put it in quotes if it begins with a '#', or remove the key");
            }

            bool isHidden = strict && section["hidden"] is { } hidden && hidden.Flag($"{place}.hidden");
            radios[entry.Key] = Make(section["password"] is { IsEmpty: false } password ? password : entry.Value, ssid, section["password"] is { IsEmpty: false } secret ? secret.Text($"{place}.password") : "", isHidden);
        }

        return radios.ToImmutable();
    }

    /// <summary>The password becomes the key at once.</summary>
    public static CardRadio Make(CardNode place, ImmutableArray<byte> ssid, string password, bool isHidden) =>
        place.Checked(() => new CardRadio(ssid, password.Length > 0 ? WifiNetwork.KeyFor(ssid.AsSpan(), password) : "", isHidden) { Line = place.Line });

    private static ImmutableArray<byte> ReadHex(CardNode node, string what)
    {
        string text = node.Text(what);
        return text.Length % 2 == 0 && text.All(char.IsAsciiHexDigit) ? [.. Convert.FromHexString(text)] : throw node.Bad($"{what} is not pairs of hexadecimal digits");
    }
}
