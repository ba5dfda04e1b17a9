namespace RpiAgent.Identity;

/// <summary>
/// What tells one board, with its card, from another: agent and coordinator judge alike, and so does clone-guard.sh. Texts are empty when
/// unknown; the MAC is lower case with colons.
/// </summary>
/// <param name="DiskId">Of the partition the system is on: a copy of its files on another card has another one.</param>
public sealed record BoardPrint(string Serial, string Mac, string MachineId, string CardId, string DiskId)
{
    /// <summary>Null when an identity that was made on this board belongs on that one, else what is different there.</summary>
    public string? DifferenceTo(BoardPrint here)
    {
        if (Known(Serial) is { Length: > 0 } bound && Known(here.Serial) is { Length: > 0 } other)
        {
            return bound == other ? null : $"serial {other}, enrolled was {bound}";
        }

        // Without a serial any one part may have been replaced, two have not.
        string[] different =
        [
            .. Differs("MAC", Mac, here.Mac),
            .. Differs("machine id", MachineId, here.MachineId),
            .. Differs("SD card", CardId, here.CardId),
            .. Differs("partition", DiskId, here.DiskId),
        ];
        return different.Length >= 2 ? $"other {string.Join(" and ", different)} than at enrolment" : null;
    }

    /// <summary>Empty for what boards show that were never given one, and for the word in golden images.</summary>
    public static string Known(string text) =>
        text.Trim().ToLowerInvariant() is var plain && (plain == "uninitialized" || plain.All(c => c is '0' or ':')) ? "" : plain;

    private static string[] Differs(string name, string bound, string here) =>
        Known(bound) is { Length: > 0 } one && Known(here) is { Length: > 0 } other && one != other ? [name] : [];
}
