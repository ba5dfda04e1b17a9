using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;

namespace RpiAgent.Coordinator.Enrolment;

/// <summary>Whether two sets of facts are of one board: by serial; without a serial on either side by MAC; without that by machine id.</summary>
internal static class HardwareMatch
{
    /// <summary>The records that are this board. More than one is a conflict for an operator.</summary>
    public static ImmutableArray<NodeRecord> Find(ImmutableArray<NodeRecord> existing, HardwareFacts hardware) =>
        [.. existing.Where(node => IsSame(node.Hardware, hardware))];

    /// <summary>A used card in another board has the machine id of the first: that alone never wins over a serial or MAC that differs.</summary>
    public static bool IsSame(HardwareFacts one, HardwareFacts other)
    {
        if (SerialOf(one).Length > 0 && SerialOf(other).Length > 0)
        {
            return SerialOf(one) == SerialOf(other);
        }

        if (MacOf(one).Length > 0 && MacOf(other).Length > 0)
        {
            return MacOf(one) == MacOf(other);
        }

        return MachineIdOf(one).Length > 0 && MachineIdOf(one) == MachineIdOf(other);
    }

    /// <summary>Empty when nothing could tell this board from others.</summary>
    public static string Fingerprint(HardwareFacts hardware) =>
        SerialOf(hardware) is { Length: > 0 } serial ? serial
        : MacOf(hardware) is { Length: > 0 } mac ? mac
        : MachineIdOf(hardware);

    /// <summary>Some boards and machines say all zeros.</summary>
    public static string SerialOf(HardwareFacts hardware) => Known(hardware.Serial);

    public static string MacOf(HardwareFacts hardware) => Known(hardware.Mac);

    /// <summary>Golden images carry the word "uninitialized".</summary>
    private static string MachineIdOf(HardwareFacts hardware) =>
        Known(hardware.MachineId) is var id && id != "uninitialized" ? id : "";

    private static string Known(string text) =>
        text.Trim().ToLowerInvariant() is var plain && plain.All(c => c is '0' or ':') ? "" : plain;
}
