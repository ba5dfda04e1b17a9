using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Identity;

namespace RpiAgent.Coordinator.Enrolment;

/// <summary>Whether facts are of a board that is known: by serial; by MAC when no serial was known; without that by machine id.</summary>
internal static class HardwareMatch
{
    /// <summary>Null when a node that shows its key is on the board it was enrolled on, by the agent's own rule; else what is different.</summary>
    public static string? Difference(HardwareFacts known, HardwareFacts claimed) => Print(known).DifferenceTo(Print(claimed));

    private static BoardPrint Print(HardwareFacts hardware) => new(hardware.Serial, hardware.Mac, hardware.MachineId, hardware.CardId, hardware.DiskId);

    /// <summary>The records that are this board. More than one is a conflict for an operator.</summary>
    public static ImmutableArray<NodeRecord> Find(ImmutableArray<NodeRecord> existing, HardwareFacts hardware) =>
        [.. existing.Where(node => IsSame(node.Hardware, hardware))];

    /// <summary>A used card in another board has the machine id of the first: that alone never wins over a serial or MAC that differs.</summary>
    /// <remarks>Who holds back what is known is another: a MAC is on every packet, so a claim of it alone is worth nothing.</remarks>
    public static bool IsSame(HardwareFacts known, HardwareFacts claimed)
    {
        if (SerialOf(known).Length > 0)
        {
            return SerialOf(known) == SerialOf(claimed);
        }

        if (MacOf(known).Length > 0)
        {
            return MacOf(known) == MacOf(claimed);
        }

        return MachineIdOf(known).Length > 0 && MachineIdOf(known) == MachineIdOf(claimed);
    }

    /// <summary>Empty when nothing could tell this board from others.</summary>
    public static string Fingerprint(HardwareFacts hardware) =>
        SerialOf(hardware) is { Length: > 0 } serial ? serial
        : MacOf(hardware) is { Length: > 0 } mac ? mac
        : MachineIdOf(hardware);

    /// <summary>Some boards and machines say all zeros.</summary>
    public static string SerialOf(HardwareFacts hardware) => BoardPrint.Known(hardware.Serial);

    public static string MacOf(HardwareFacts hardware) => BoardPrint.Known(hardware.Mac);

    private static string MachineIdOf(HardwareFacts hardware) => BoardPrint.Known(hardware.MachineId);
}
