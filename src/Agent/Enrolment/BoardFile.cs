using RpiAgent.Identity;

namespace RpiAgent.Agent.Enrolment;

/// <summary>A board as clone-guard.sh reads it: a line <c>NAME=VALUE</c> for each part; one that is not known is left out.</summary>
internal static class BoardFile
{
    private const string Serial = "serial", Mac = "mac", MachineId = "machine-id", Card = "card", Disk = "disk";

    public static string Render(BoardPrint board) => string.Concat(
        from part in new[] { (Serial, board.Serial), (Mac, board.Mac), (MachineId, board.MachineId), (Card, board.CardId), (Disk, board.DiskId) }
        let value = BoardPrint.Known(part.Item2)
        where value.Length > 0
        select $"{part.Item1}={value}\n");

    public static BoardPrint Parse(string text)
    {
        ILookup<string, string> parts = text.Split('\n').Select(line => line.Split('=', 2)).Where(part => part.Length == 2).ToLookup(part => part[0], part => part[1], StringComparer.Ordinal);
        return new BoardPrint(Of(Serial), Of(Mac), Of(MachineId), Of(Card), Of(Disk));

        string Of(string name) => parts[name].FirstOrDefault() ?? "";
    }
}
