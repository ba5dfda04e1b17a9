using System.Globalization;
using RpiAgent.Identity;

namespace RpiAgent.Agent.NodeConfig.Transaction;

/// <summary>
/// What the changes that were kept have replaced: <c>original/</c>, each file as it was before the first of them, in the form of a
/// transaction's copies. A copied card goes back to them (clone-guard.sh). net-rollback.sh adds in the same way; done twice, it adds once.
/// </summary>
/// <param name="folder">Where <c>original</c> is.</param>
internal sealed class OriginalFiles(string folder)
{
    private const int Fields = 8;

    private readonly string _folder = Path.Join(folder, "original");

    private string ManifestPath => Path.Join(_folder, "manifest");

    /// <param name="copies">The copies of a change that is kept; used up when they are the first.</param>
    public void Add(string copies)
    {
        if (!File.Exists(Path.Join(copies, "manifest")))
        {
            return;
        }

        if (!Directory.Exists(_folder))
        {
            Directory.Move(copies, _folder);
            AtomicFile.SyncDirectory(folder);
            return;
        }

        List<string[]> known = File.Exists(ManifestPath) ? Read(ManifestPath) : [];
        HashSet<string> paths = [.. known.Select(line => line[^1])];
        int last = known.Select(line => int.Parse(line[0], CultureInfo.InvariantCulture)).DefaultIfEmpty().Max();
        foreach (string[] line in Read(Path.Join(copies, "manifest")).Where(line => paths.Add(line[^1])))
        {
            last++;
            AtomicFile.Write(Path.Join(_folder, $"{last}.before"), File.ReadAllBytes(Path.Join(copies, $"{line[0]}.before")), AtomicFile.Private);
            known.Add([last.ToString(CultureInfo.InvariantCulture), .. line[1..]]);
        }

        AtomicFile.Write(ManifestPath, string.Concat(known.Select(line => $"{string.Join(' ', line)}\n")), AtomicFile.Private);
    }

    /// <summary>Takes away what an <see cref="Add"/> that was cut has left.</summary>
    public void Sweep() => AtomicFile.Sweep(_folder);

    /// <summary>The lines about files.</summary>
    private static List<string[]> Read(string manifest) =>
        [.. File.ReadLines(manifest).Select(line => line.Split(' ', Fields)).Where(line => line.Length == Fields)];
}
