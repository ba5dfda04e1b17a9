using System.Security.Cryptography;
using System.Text;
using RpiAgent.Identity;

namespace RpiAgent.Agent.Containers;

/// <summary>
/// The held assignment on the agent's own disk: a header line <c>rpi-agent assignment 1 SHA256</c>, then the message as accepted.
/// Whole or absent after a power cut, readable by root only (it holds the containers' environment).
/// </summary>
internal sealed class Ledger(string path)
{
    private const string Header = "rpi-agent assignment 1 ";

    public string Path => path;

    /// <summary>On disk when this returns.</summary>
    public void Save(Assignment assignment)
    {
        ReadOnlySpan<byte> content = assignment.Encoded.Span;
        byte[] header = Encoding.ASCII.GetBytes($"{Header}{Convert.ToHexStringLower(SHA256.HashData(content))}\n");
        AtomicFile.EnsureDirectory(System.IO.Path.GetDirectoryName(path) ?? "/", AtomicFile.PrivateDirectory);
        AtomicFile.Write(path, [.. header, .. content], AtomicFile.Private);
    }

    /// <summary>Nothing was ever saved, as far as a later <see cref="Load"/> can tell.</summary>
    public void Delete()
    {
        if (File.Exists(path))
        {
            File.Delete(path);
            AtomicFile.SyncDirectory(System.IO.Path.GetDirectoryName(path) ?? "/");
        }
    }

    /// <returns>Null when nothing was ever saved.</returns>
    /// <exception cref="LedgerException">There is a file, but it is not what was saved: nobody can know what was wanted.</exception>
    public Assignment? Load()
    {
        byte[] file;
        try
        {
            file = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LedgerException($"{path} cannot be read: {e.Message}", e);
        }

        return Parse(file);
    }

    private Assignment Parse(ReadOnlySpan<byte> file)
    {
        int end = file.IndexOf((byte)'\n');
        string header = end < 0 ? "" : Encoding.ASCII.GetString(file[..end]);
        if (!header.StartsWith(Header, StringComparison.Ordinal))
        {
            throw new LedgerException($"{path} is not an assignment of this version of rpi-agent", null);
        }

        ReadOnlySpan<byte> content = file[(end + 1)..];
        if (header[Header.Length..] != Convert.ToHexStringLower(SHA256.HashData(content)))
        {
            throw new LedgerException($"{path} is damaged: its checksum does not match", null);
        }

        try
        {
            return ProtoMapping.Decode(content.ToArray());
        }
        catch (AssignmentException e)
        {
            throw new LedgerException($"{path}: {e.Message}", e);
        }
    }
}

/// <summary>The saved assignment cannot be used.</summary>
internal sealed class LedgerException(string message, Exception? inner) : Exception(message, inner);
