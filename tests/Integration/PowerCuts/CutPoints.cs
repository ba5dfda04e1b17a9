using System.Text;

namespace RpiAgent.Tests.Integration.PowerCuts;

/// <param name="Where">The last system call before the cut.</param>
/// <param name="MayBeNew">The confirmation was on disk, or on its way, when the power went.</param>
/// <param name="IsKill">Nothing of what was done is lost.</param>
/// <param name="IsMarked">A change is under way or nearly over.</param>
internal sealed record CutState(DiskTree Tree, string Where, bool MayBeNew, bool IsKill, bool IsMarked);

/// <summary>All states in which a power cut during some system calls can leave the disk.</summary>
/// <param name="Moments">After how many of the calls a cut leaves a state that no call before could.</param>
internal sealed record CutPoints(DiskTree Start, IReadOnlyList<DiskOperation> Operations, IReadOnlyList<(DiskTree Tree, int After, bool IsKill)> Found, int Moments, DiskTree End)
{
    /// <summary>Of a change of the network, and of the engine's options; there is one at a time.</summary>
    private static readonly string[] Markers = ["/var/lib/rpi-agent/net/txn.json", "/var/lib/rpi-agent/docker/txn.json"];

    /// <summary>The first operation after which the new configuration may stay.</summary>
    public int ConfirmedFrom { get; init; } = int.MaxValue;

    /// <summary>The disk when the new configuration was in place and waited; null when there was no such moment.</summary>
    public DiskTree? Applied { get; init; }

    public static CutPoints Of(DiskTree start, IReadOnlyList<DiskOperation> operations)
    {
        DiskModel disk = new(start);
        List<(DiskTree, int, bool)> found = [];
        HashSet<(string, bool)> known = [];
        int moments = 0, confirmed = int.MaxValue;
        DiskTree? applied = null;
        for (int i = 0; i <= operations.Count; i++)
        {
            if (i > 0)
            {
                disk.Apply(operations[i - 1]);
            }

            confirmed = Math.Min(confirmed, IsMarked(disk.Seen, "confirmed") ? i : int.MaxValue);
            applied ??= IsMarked(disk.Seen, "applied") ? disk.Seen : null;
            bool isKill = true;
            int before = found.Count;
            foreach (DiskTree tree in disk.AfterPowerCut())
            {
                if (known.Add((tree.Digest(), i >= confirmed)))
                {
                    found.Add((tree, i, isKill));
                }

                isKill = false;
            }

            moments += found.Count > before ? 1 : 0;
        }

        return new CutPoints(start, operations, found, moments, disk.Seen) { ConfirmedFrom = confirmed, Applied = applied };
    }

    public IEnumerable<CutState> States => Found.Select(state =>
        new CutState(state.Tree, state.After == 0 ? "nothing" : $"{state.After} of {Operations.Count} ({Show(Operations[state.After - 1])})", state.After >= ConfirmedFrom, state.IsKill, IsMarked(state.Tree)));

    /// <summary>Some of the states that a boot finds a marker in, evenly spread.</summary>
    public IEnumerable<DiskTree> ToRollBack(int count)
    {
        DiskTree[] marked = [.. Found.Where(state => state.IsKill && IsMarked(state.Tree)).Select(state => state.Tree.Without("/run"))];
        return Enumerable.Range(0, Math.Min(count, marked.Length)).Select(i => marked[i * (marked.Length - 1) / Math.Max(1, Math.Min(count, marked.Length) - 1)]);
    }

    public static bool IsMarked(DiskTree tree, string phase) =>
        Markers.Any(path => tree.Entries.GetValueOrDefault(path) is { } marker && Encoding.UTF8.GetString(marker.Content).Contains($"\"{phase}\"", StringComparison.Ordinal));

    private static bool IsMarked(DiskTree tree) => Markers.Any(tree.Entries.ContainsKey);

    private static string Show(DiskOperation operation) => operation is WriteData write ? $"write of {write.Data.Length} bytes to {write.Path}" : operation.ToString();
}
