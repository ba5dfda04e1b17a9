using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Enrolment;

/// <summary>Wire to model, and what may not pass.</summary>
internal static class ProtoMapping
{
    private const int LongestText = 256;

    /// <summary>Our own form: trimmed, lower-case MAC and serial.</summary>
    public static HardwareFacts ToModel(this Hardware hardware) => new()
    {
        Serial = hardware.Serial.Trim().ToLowerInvariant(),
        Mac = hardware.Mac.Trim().ToLowerInvariant(),
        MachineId = hardware.MachineId.Trim().ToLowerInvariant(),
        Model = hardware.Model,
        Platform = hardware.Platform,
        KernelArch = hardware.KernelArch,
        UserlandArch = hardware.UserlandArch,
        Cores = (int)Math.Min(hardware.Cores, 4096),
        MemoryBytes = (long)Math.Min(hardware.MemoryBytes, long.MaxValue),
        Os = hardware.Os,
        CardId = hardware.CardId,
        DiskId = hardware.DiskId,
        PageSize = (int)Math.Min(hardware.PageSize, 1 << 30),
    };

    /// <summary>Null when the request makes sense, else what does not.</summary>
    public static string? Problem(this EnrolRequest request)
    {
        if (request.Hardware is not Hardware hardware)
        {
            return "the request says nothing about the hardware";
        }

        foreach ((string name, string value) in new[]
        {
            ("serial", hardware.Serial), ("mac", hardware.Mac), ("machine_id", hardware.MachineId), ("model", hardware.Model),
            ("platform", hardware.Platform), ("kernel_arch", hardware.KernelArch), ("userland_arch", hardware.UserlandArch),
            ("os", hardware.Os), ("card_id", hardware.CardId), ("disk_id", hardware.DiskId),
        })
        {
            if (value.Length > LongestText || value.Any(char.IsControl))
            {
                return $"hardware.{name} is longer than {LongestText} characters or has control characters";
            }
        }

        if (hardware.Mac.Length > 0 && !IsMac(hardware.Mac.Trim().ToLowerInvariant()))
        {
            return $"hardware.mac '{hardware.Mac}' is not six pairs of hex digits with colons";
        }

        if (request.CurrentAddress.Length > 0 && !Ipv4.TryParse(request.CurrentAddress, out _))
        {
            return $"current_address '{request.CurrentAddress}' is not an IPv4 address";
        }

        return request.CurrentInterface.Length > 0 && !IsInterface(request.CurrentInterface)
            ? $"current_interface '{request.CurrentInterface}' is not an interface name"
            : null;
    }

    private static bool IsMac(string text) =>
        text.Split(':') is { Length: 6 } parts && parts.All(part => part.Length == 2 && part.All(char.IsAsciiHexDigitLower));

    /// <summary>Up to 15 characters, as the kernel takes them, without those that mean something to a shell.</summary>
    private static bool IsInterface(string text) =>
        text.Length <= 15 && char.IsAsciiLetterOrDigit(text[0]) && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
