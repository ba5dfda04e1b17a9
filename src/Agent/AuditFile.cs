using System.Text;
using RpiAgent.Identity;

namespace RpiAgent.Agent;

/// <summary>What this node was ordered and what it changed of itself, over restarts: the journal of a Raspberry Pi is gone with the power. Twice 1 MiB at most.</summary>
internal sealed class AuditFile(AgentOptions options)
{
    /// <summary>Bytes; a longer file becomes the old one.</summary>
    public const int Limit = 1 << 20;

    private readonly Lock _alone = new();

    public string Path { get; } = options.State("audit.log");

    /// <summary>On disk when it returns. A full or read-only disk must not keep a way back from being taken: then the line is lost.</summary>
    public void Append(string line)
    {
        byte[] text = Encoding.UTF8.GetBytes(line.ReplaceLineEndings(" ") + "\n");
        lock (_alone)
        {
            try
            {
                Rotate(text.Length);
                Write(text);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The journal has it.
            }
        }
    }

    private void Rotate(int more)
    {
        if (new FileInfo(Path) is { Exists: true } file && file.Length + more > Limit)
        {
            AtomicFile.Rename(Path, $"{Path}.1");
        }
    }

    private void Write(byte[] text)
    {
        FileStreamOptions access = new() { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, UnixCreateMode = AtomicFile.Private, BufferSize = 0 };
        bool isNew = !File.Exists(Path);
        using (FileStream file = new(Path, access))
        {
            // A line that a power cut has ended stays as it is, on a line of its own.
            file.Seek(-Math.Min(1, file.Length), SeekOrigin.End);
            bool isCut = file.Length > 0 && file.ReadByte() != '\n';
            file.Write(isCut ? [(byte)'\n', .. text] : text);
            file.Flush(flushToDisk: true);
        }

        if (isNew)
        {
            AtomicFile.SyncDirectory(System.IO.Path.GetDirectoryName(Path)!);
        }
    }
}
