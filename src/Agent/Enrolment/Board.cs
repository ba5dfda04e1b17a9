using System.Text.Json.Serialization;
using RpiAgent.Identity;

namespace RpiAgent.Agent.Enrolment;

/// <summary>What this board is. Texts are empty when unknown, or missing in the file of an older agent; the MAC is lower case with colons.</summary>
internal sealed record Board
{
    public string Serial { get => field ?? ""; init; } = "";
    public string Mac { get => field ?? ""; init; } = "";
    public string MachineId { get => field ?? ""; init; } = "";
    public string Model { get => field ?? ""; init; } = "";
    /// <summary>"raspberry-pi" or "generic".</summary>
    public string Platform { get => field ?? "generic"; init; } = "generic";
    /// <summary>As `uname -m`; a 64-bit kernel may carry a 32-bit system.</summary>
    public string KernelArch { get => field ?? ""; init; } = "";
    /// <summary>As `dpkg --print-architecture`: amd64, arm64, armhf.</summary>
    public string UserlandArch { get => field ?? ""; init; } = "";
    public int Cores { get; init; }
    public long MemoryBytes { get; init; }
    public string Os { get => field ?? ""; init; } = "";
    /// <summary>CID of the SD card, else the name a disk at USB or NVMe gives itself.</summary>
    public string CardId { get => field ?? ""; init; } = "";
    /// <summary>PARTUUID of the partition the system is on, where the kernel is told it.</summary>
    public string DiskId { get => field ?? ""; init; } = "";
    public int PageSize { get; init; }

    [JsonIgnore]
    public BoardPrint Print => new(Serial, Mac, MachineId, CardId, DiskId);
}

/// <summary>Whether an identity was made on the board it is found on: a copied card carries everything with it.</summary>
internal static class CloneCheck
{
    /// <summary>Null when the identity belongs here, else the refusal.</summary>
    /// <param name="bound">The board at enrolment.</param>
    public static string? Refuse(Board bound, Board here) => bound.Print.DifferenceTo(here.Print) is { } difference
        ? $"E_CLONE: the saved identity belongs to another board ({difference}); it is not used. On a copied card: rpi-agent reset-identity --yes --everything, and a new join token. If the card was moved into this board for good: rpi-agent adopt-hardware --yes"
        : null;
}
