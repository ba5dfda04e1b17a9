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
    /// <summary>CID of the SD card.</summary>
    public string CardId { get => field ?? ""; init; } = "";
    public int PageSize { get; init; }
}

/// <summary>Whether an identity was made on the board it is found on (pi-domain: a copied card carries everything with it).</summary>
internal static class CloneCheck
{
    /// <summary>Null when the identity belongs here, else the refusal.</summary>
    /// <param name="bound">The board at enrolment.</param>
    public static string? Refuse(Board bound, Board here)
    {
        if (bound.Serial.Length > 0 && here.Serial.Length > 0)
        {
            return bound.Serial == here.Serial ? null : Text($"serial {here.Serial}, enrolled was {bound.Serial}");
        }

        // Without a serial any one part may have been replaced, two have not.
        string[] different =
        [
            .. Differs("MAC", bound.Mac, here.Mac),
            .. Differs("machine id", bound.MachineId, here.MachineId),
            .. Differs("SD card", bound.CardId, here.CardId),
        ];
        return different.Length >= 2 ? Text($"other {string.Join(" and ", different)} than at enrolment") : null;
    }

    private static string[] Differs(string name, string bound, string here) =>
        bound.Length > 0 && here.Length > 0 && bound != here ? [name] : [];

    private static string Text(string difference) =>
        $"E_CLONE: the saved identity belongs to another board ({difference}); it is not used. On a copied card: rpi-agent reset-identity --yes --everything, and a new join token. If the card was moved into this board for good: rpi-agent adopt-hardware --yes";
}
