using System.Collections.Immutable;

namespace RpiAgent.Tests.Integration.PowerCuts;

/// <summary>
/// A file system as POSIX promises it and no better: what was written to a file lasts when that file was synced, a name that was made,
/// renamed or removed lasts when its directory was synced, and of everything else any part may be lost in a power cut.
/// </summary>
internal sealed class DiskModel
{
    /// <summary>The usual umask.</summary>
    private const int GroupAndOtherWrite = 0x12;

    private readonly Dictionary<int, Inode> _inodes = [];
    private readonly List<NameChange> _pending = [];
    private readonly int _root;

    public DiskModel(DiskTree tree)
    {
        _root = Add(isDirectory: true, Permissions.Directory);
        foreach ((string path, DiskEntry entry) in tree.Entries)
        {
            Inode inode = _inodes[Add(entry.IsDirectory, entry.Mode)];
            (inode.Data, inode.Durable) = (entry.Content, entry.Content);
            (Inode parent, string name) = Parent(path);
            parent.Names = parent.Names.SetItem(name, inode.Id);
            parent.DurableNames = parent.DurableNames.SetItem(name, inode.Id);
        }
    }

    /// <summary>All that the programs saw: the disk when only they are killed.</summary>
    public DiskTree Seen => Tree(inode => inode.Names, inode => inode.Data, inode => inode.Mode);

    public void Apply(DiskOperation operation)
    {
        switch (operation)
        {
            case MakeFile made when Find(made.Path) is null:
                Change(made.Path, Add(isDirectory: false, made.Mode & ~GroupAndOtherWrite));
                break;
            case MakeFile { Truncate: true } opened:
                Find(opened.Path)!.Data = [];
                break;
            case MakeFile:
                break;
            case MakeDirectory made:
                Change(made.Path, Add(isDirectory: true, made.Mode & ~GroupAndOtherWrite));
                break;
            case WriteData write:
                Write(Find(write.Path)!, write);
                break;
            case CopyData copy:
                Write(Find(copy.To)!, new WriteData(copy.To, null, Find(copy.From)!.Data));
                break;
            case SetLength length:
                Inode cut = Find(length.Path)!;
                cut.Data = [.. cut.Data[..Math.Min(length.Length, cut.Data.Length)], .. new byte[Math.Max(0, length.Length - cut.Data.Length)]];
                break;
            case SetMode mode when Find(mode.Path) is { } inode:
                inode.Mode = mode.Mode;
                break;
            case Rename rename:
                int moved = Find(rename.From)!.Id;
                Change(rename.To, moved, rename.From);
                break;
            case Remove remove:
                Change(remove.Path, null);
                break;
            case Sync sync when Find(sync.Path) is { } inode:
                Persist(inode);
                break;
        }
    }

    /// <summary>Every state that a power cut at this moment may leave, as far as they differ.</summary>
    public IEnumerable<DiskTree> AfterPowerCut()
    {
        yield return Seen;
        yield return Lost(_ => false, Loss.Data);
        yield return Lost(_ => true, Loss.Data);
        yield return Lost(_ => true, Loss.HalfOfData);
        foreach (NameChange one in _pending)
        {
            yield return Lost(change => change == one, Loss.Data);
            yield return Lost(change => change == one, Loss.Nothing);
            yield return Lost(change => change != one, Loss.Data);
            yield return Lost(change => change != one, Loss.Nothing);
        }
    }

    private DiskTree Lost(Predicate<NameChange> lasts, Loss loss)
    {
        Dictionary<int, ImmutableSortedDictionary<string, int>> names = _inodes.Values.ToDictionary(inode => inode.Id, inode => inode.DurableNames);
        foreach (NameChange change in _pending.Where(change => lasts(change)))
        {
            names[change.Directory] = change.ApplyTo(names[change.Directory]);
        }

        return Tree(
            inode => names[inode.Id],
            inode => loss switch
            {
                Loss.Nothing => inode.Data,
                Loss.HalfOfData when !ReferenceEquals(inode.Data, inode.Durable) => inode.Data[..(inode.Data.Length / 2)],
                _ => inode.Durable,
            },
            inode => loss == Loss.Nothing ? inode.Mode : inode.DurableMode);
    }

    private void Persist(Inode inode)
    {
        (inode.Durable, inode.DurableMode) = (inode.Data, inode.Mode);
        foreach (NameChange change in _pending.Where(change => change.Directory == inode.Id))
        {
            inode.DurableNames = change.ApplyTo(inode.DurableNames);
        }

        _pending.RemoveAll(change => change.Directory == inode.Id);
    }

    private static void Write(Inode inode, WriteData write)
    {
        int offset = write.Offset ?? inode.Data.Length;
        byte[] data = new byte[Math.Max(inode.Data.Length, offset + write.Data.Length)];
        inode.Data.CopyTo(data, 0);
        write.Data.CopyTo(data, offset);
        inode.Data = data;
    }

    private void Change(string path, int? inode, string? from = null)
    {
        (Inode parent, string name) = Parent(path);
        (Inode? source, string? old) = from is null ? (null, null) : Parent(from);
        if (source is not null && source.Id != parent.Id)
        {
            throw new NotSupportedException($"{from} is renamed into another directory, which no file system promises to do whole");
        }

        NameChange change = new(parent.Id, name, inode, old);
        _pending.Add(change);
        parent.Names = change.ApplyTo(parent.Names);
    }

    private Inode? Find(string path)
    {
        Inode at = _inodes[_root];
        foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!at.Names.TryGetValue(part, out int next))
            {
                return null;
            }

            at = _inodes[next];
        }

        return at;
    }

    private (Inode Parent, string Name) Parent(string path) =>
        (Find(Path.GetDirectoryName(path)!) ?? throw new InvalidOperationException($"the model has no directory for {path}"), Path.GetFileName(path));

    private int Add(bool isDirectory, int mode)
    {
        int id = _inodes.Count;
        _inodes.Add(id, new Inode(id, isDirectory, mode));
        return id;
    }

    private DiskTree Tree(Func<Inode, ImmutableSortedDictionary<string, int>> names, Func<Inode, byte[]> data, Func<Inode, int> mode)
    {
        ImmutableSortedDictionary<string, DiskEntry>.Builder entries = ImmutableSortedDictionary.CreateBuilder<string, DiskEntry>(StringComparer.Ordinal);
        Walk("", _inodes[_root]);
        return new DiskTree(entries.ToImmutable());

        void Walk(string path, Inode directory)
        {
            foreach ((string name, int id) in names(directory))
            {
                Inode inode = _inodes[id];
                entries.Add($"{path}/{name}", new DiskEntry(inode.IsDirectory, inode.IsDirectory ? [] : data(inode), mode(inode)));
                if (inode.IsDirectory)
                {
                    Walk($"{path}/{name}", inode);
                }
            }
        }
    }

    private enum Loss
    {
        Nothing,
        Data,
        HalfOfData,
    }

    private sealed class Inode(int id, bool isDirectory, int mode)
    {
        public int Id => id;
        public bool IsDirectory => isDirectory;
        public int Mode = mode;
        public int DurableMode = mode;
        public byte[] Data = [];
        public byte[] Durable = [];
        public ImmutableSortedDictionary<string, int> Names = ImmutableSortedDictionary.Create<string, int>(StringComparer.Ordinal);
        public ImmutableSortedDictionary<string, int> DurableNames = ImmutableSortedDictionary.Create<string, int>(StringComparer.Ordinal);
    }

    /// <summary>A name in a directory that now means another file, or none. A rename within the directory is one change.</summary>
    private sealed record NameChange(int Directory, string Name, int? Inode, string? From)
    {
        public ImmutableSortedDictionary<string, int> ApplyTo(ImmutableSortedDictionary<string, int> names)
        {
            names = From is null ? names : names.Remove(From);
            return Inode is { } inode ? names.SetItem(Name, inode) : names.Remove(Name);
        }

        public bool Equals(NameChange? other) => ReferenceEquals(this, other);

        public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
    }
}

/// <summary>What one system call did. Paths begin at the node's root.</summary>
internal abstract record DiskOperation;

internal sealed record MakeFile(string Path, int Mode, bool Truncate) : DiskOperation;

internal sealed record MakeDirectory(string Path, int Mode) : DiskOperation;

/// <param name="Offset">Null = at the end.</param>
internal sealed record WriteData(string Path, int? Offset, byte[] Data) : DiskOperation;

/// <summary>All of a file, to the end of another.</summary>
internal sealed record CopyData(string From, string To) : DiskOperation;

internal sealed record SetLength(string Path, int Length) : DiskOperation;

internal sealed record SetMode(string Path, int Mode) : DiskOperation;

internal sealed record Rename(string From, string To) : DiskOperation;

internal sealed record Remove(string Path) : DiskOperation;

internal sealed record Sync(string Path) : DiskOperation;
