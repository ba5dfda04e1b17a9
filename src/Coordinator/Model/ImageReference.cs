namespace RpiAgent.Coordinator.Model;

/// <summary>Names of images as engines store them: <c>mysql</c> is <c>mysql:latest</c>, and Docker Hub's host is not written.</summary>
internal static class ImageReference
{
    public static string Normalize(string image)
    {
        string name = image.Trim();
        foreach (string prefix in (string[])["docker.io/", "index.docker.io/", "library/"])
        {
            name = name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : name;
        }

        bool whole = name.Contains('@', StringComparison.Ordinal) || name.StartsWith("sha256:", StringComparison.Ordinal)
            || name[(name.LastIndexOf('/') + 1)..].Contains(':', StringComparison.Ordinal);
        return whole ? name : name + ":latest";
    }
}
