using System.Text;

namespace RpiAgent.Agent.NodeConfig.Wifi;

/// <summary>wpa_supplicant.conf(5) of one interface of ifupdown, named by <c>wpa-conf</c> in its stanza: interfaces(5) is readable by all, this is not.</summary>
internal static class WpaConfiguration
{
    public const string Option = "wpa-conf";

    public static string PathOf(string interfaceName) => $"/etc/wpa_supplicant/rpi-agent-{interfaceName}.conf";

    /// <summary>The name in hexadecimal digits: the one form for every octet.</summary>
    public static byte[] Render(WifiNetwork network) => Encoding.ASCII.GetBytes(
        $"""
        # Written by rpi-agent.
        ctrl_interface=DIR=/run/wpa_supplicant GROUP=netdev
        country={network.Country}

        network={"{"}
            ssid={Convert.ToHexStringLower(network.Ssid.AsSpan())}
            scan_ssid={(network.IsHidden ? 1 : 0)}
            key_mgmt=WPA-PSK
            psk={network.Psk}
        {"}"}

        """);
}
